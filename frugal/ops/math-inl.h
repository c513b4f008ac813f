// Vector functions for kernel files: Exp, Tanh, Erf, Sigmoid, the activations and their derivatives, in
// float.
//
// Include it, like Highway's own -inl.h files, after foreach_target.h and use it inside HWY_NAMESPACE. All
// are branch-free and work lane by lane with MulAdd, so every machine with fused multiply-add gets the same
// bits whatever its vector width. NaN gives NaN. Measured against double over all of float's range of
// interest (see math_test.cc): Exp 1.5 ulp, Tanh and Sigmoid 3, Erf 4, gelu 1.8e-7 |x|. The polynomials
// are our own minimax fits.

// Compiled once per target, hence the toggle instead of a plain guard.
#if defined(FRUGAL_OPS_MATH_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FRUGAL_OPS_MATH_INL_H_
#undef FRUGAL_OPS_MATH_INL_H_
#else
#define FRUGAL_OPS_MATH_INL_H_
#endif

#include <hwy/highway.h>

#include <limits>

#include "frugal/ops/activation.h"

HWY_BEFORE_NAMESPACE();
namespace frugal {
namespace HWY_NAMESPACE {

// e^x. Below -87.33, where results would be subnormal (and slow), 0; above 88.72 infinity.
template <class D, class V = hwy::HWY_NAMESPACE::Vec<D>>
HWY_INLINE V Exp(D d, V x) {
  namespace hn = hwy::HWY_NAMESPACE;
  const hn::RebindToUnsigned<D> du;
  // Adding 1.5 * 2^23 rounds x / ln 2 to an integer n, left in the low bits of k.
  const V magic = hn::Set(d, 12582912.0f);
  const V k = hn::MulAdd(x, hn::Set(d, 1.44269504f), magic);
  const V n = hn::Sub(k, magic);
  // r = x - n ln 2, |r| <= ln 2 / 2, with ln 2 in two parts (the first has few bits).
  V r = hn::NegMulAdd(n, hn::Set(d, 0.693145752f), x);
  r = hn::NegMulAdd(n, hn::Set(d, 1.42860677e-6f), r);
  V p = hn::MulAdd(r, hn::Set(d, 0.00138145373f), hn::Set(d, 0.00836874642f));
  p = hn::MulAdd(p, r, hn::Set(d, 0.0416683909f));
  p = hn::MulAdd(p, r, hn::Set(d, 0.166665204f));
  p = hn::MulAdd(p, r, hn::Set(d, 0.499999934f));
  p = hn::MulAdd(hn::Mul(r, r), p, r);
  p = hn::Add(p, hn::Set(d, 1.0f));
  // p 2^n: n is added to the exponent. At the last n below overflow r <= 0, so p <= 1 and this stays finite.
  V y = hn::BitCast(d, hn::Add(hn::BitCast(du, p), hn::ShiftLeft<23>(hn::BitCast(du, k))));
  y = hn::IfThenElseZero(hn::Ge(x, hn::Set(d, -87.3365402f)), y);
  const V infinity = hn::Set(d, std::numeric_limits<float>::infinity());
  return hn::IfThenElse(hn::Le(x, hn::Set(d, 88.7228394f)), y, hn::Add(x, infinity));  // NaN stays NaN
}

// 1 / (1 + e^-x)
template <class D, class V = hwy::HWY_NAMESPACE::Vec<D>>
HWY_INLINE V Sigmoid(D d, V x) {
  namespace hn = hwy::HWY_NAMESPACE;
  const V one = hn::Set(d, 1.0f);
  return hn::Div(one, hn::Add(one, Exp(d, hn::Neg(x))));
}

template <class D, class V = hwy::HWY_NAMESPACE::Vec<D>>
HWY_INLINE V Tanh(D d, V x) {
  namespace hn = hwy::HWY_NAMESPACE;
  const V a = hn::Abs(x), u = hn::Mul(x, x), one = hn::Set(d, 1.0f);
  V p = hn::MulAdd(u, hn::Set(d, -0.00590586836f), hn::Set(d, 0.0208053845f));
  p = hn::MulAdd(p, u, hn::Set(d, -0.0537866836f));
  p = hn::MulAdd(p, u, hn::Set(d, 0.133319582f));
  p = hn::MulAdd(p, u, hn::Set(d, -0.333332993f));
  const V small = hn::MulAdd(hn::Mul(p, u), x, x);
  // 1 - 2 / (e^2a + 1) would cancel near 0 but is good to an ulp or two beyond 0.6.
  const V e = Exp(d, hn::Add(a, a));
  const V large = hn::Sub(one, hn::Div(hn::Set(d, 2.0f), hn::Add(e, one)));
  return hn::IfThenElse(hn::Lt(a, hn::Set(d, 0.6f)), small, hn::CopySignToAbs(large, x));
}

// Phi(x) - 1/2, the normal distribution's odd part: x P(x^2) / Q(x^2), which meets the bound 1/2 at |x|
// = 5.5.
template <class D, class V = hwy::HWY_NAMESPACE::Vec<D>>
HWY_INLINE V NormalOddPart(D d, V x) {
  namespace hn = hwy::HWY_NAMESPACE;
  const V u = hn::Min(hn::Mul(x, x), hn::Set(d, 30.25f));
  V p = hn::MulAdd(u, hn::Set(d, 2.29311556e-8f), hn::Set(d, 6.30159138e-6f));
  V q = hn::MulAdd(u, hn::Set(d, 1.19902836e-6f), hn::Set(d, 7.21670585e-5f));
  p = hn::MulAdd(p, u, hn::Set(d, 1.64573808e-4f));
  q = hn::MulAdd(q, u, hn::Set(d, 0.0018606463f));
  p = hn::MulAdd(p, u, hn::Set(d, 0.00465148268f));
  q = hn::MulAdd(q, u, hn::Set(d, 0.0284161326f));
  p = hn::MulAdd(p, u, hn::Set(d, 0.033458896f));
  q = hn::MulAdd(q, u, hn::Set(d, 0.250535429f));
  p = hn::MulAdd(p, u, hn::Set(d, 0.398942262f));
  q = hn::MulAdd(q, u, hn::Set(d, 1.0f));
  const V odd = hn::Div(hn::Mul(x, p), q);
  // The bound first: x86 minimum and maximum give their second operand if one is NaN.
  return hn::Min(hn::Set(d, 0.5f), hn::Max(hn::Set(d, -0.5f), odd));
}

template <class D, class V = hwy::HWY_NAMESPACE::Vec<D>>
HWY_INLINE V Erf(D d, V x) {
  namespace hn = hwy::HWY_NAMESPACE;
  const V half = NormalOddPart(d, hn::Mul(x, hn::Set(d, 1.41421356f)));
  return hn::IfThenElse(hn::Eq(x, x), hn::Add(half, half), x);  // the bounds inside may lose a NaN
}

// gelu for values that go on to 8 bits: 8e-6 |x| off where gelu is 1.8e-7 |x|, without a division, which on
// AVX-512 takes as long as all of this. A polynomial in x^2 around the middle of its range, where its terms
// do not cancel; the normal distribution is taken to end at 4.2.
template <class D, class V = hwy::HWY_NAMESPACE::Vec<D>>
HWY_INLINE V CoarseGelu(D d, V x) {
  namespace hn = hwy::HWY_NAMESPACE;
  // The bound first: x86 minimum and maximum give their second operand if one is NaN.
  const V a = hn::Min(hn::Set(d, 4.2f), hn::Max(hn::Set(d, -4.2f), x));
  const V u = hn::MulAdd(a, a, hn::Set(d, -8.82f));
  V p = hn::MulAdd(u, hn::Set(d, 5.9980361e-11f), hn::Set(d, -1.40108136e-9f));
  p = hn::MulAdd(p, u, hn::Set(d, 1.72155854e-8f));
  p = hn::MulAdd(p, u, hn::Set(d, -2.56209859e-7f));
  p = hn::MulAdd(p, u, hn::Set(d, 4.13191901e-6f));
  p = hn::MulAdd(p, u, hn::Set(d, -5.67759671e-5f));
  p = hn::MulAdd(p, u, hn::Set(d, 7.17479503e-4f));
  p = hn::MulAdd(p, u, hn::Set(d, -0.00923832692f));
  p = hn::MulAdd(p, u, hn::Set(d, 0.167856142f));
  return hn::Mul(x, hn::MulAdd(a, p, hn::Set(d, 0.5f)));
}

// The inner function of gelu_tanh, doubled: 2 sqrt(2 / pi) (x + 0.044715 x^3), as (1 + tanh z) / 2 =
// sigmoid(2z).
template <class D, class V = hwy::HWY_NAMESPACE::Vec<D>>
HWY_INLINE V GeluTanhArgument(D d, V x) {
  namespace hn = hwy::HWY_NAMESPACE;
  const V u = hn::Mul(x, x);
  return hn::Mul(x, hn::MulAdd(u, hn::Set(d, 0.0713548163f), hn::Set(d, 1.59576912f)));
}

template <Activation kActivation, class D, class V = hwy::HWY_NAMESPACE::Vec<D>>
HWY_INLINE V ActivateAs(D d, V x) {
  namespace hn = hwy::HWY_NAMESPACE;
  if constexpr (kActivation == Activation::relu) {
    return hn::IfThenElse(hn::Lt(x, hn::Zero(d)), hn::Zero(d), x);
  } else if constexpr (kActivation == Activation::gelu) {
    return hn::Mul(x, hn::Add(hn::Set(d, 0.5f), NormalOddPart(d, x)));
  } else if constexpr (kActivation == Activation::gelu_tanh) {
    return hn::Mul(x, Sigmoid(d, GeluTanhArgument(d, x)));
  } else if constexpr (kActivation == Activation::tanh) {
    return Tanh(d, x);
  } else if constexpr (kActivation == Activation::sigmoid) {
    return Sigmoid(d, x);
  } else if constexpr (kActivation == Activation::silu) {
    return hn::Mul(x, Sigmoid(d, x));
  } else {
    return x;
  }
}

// s (1 - s) and s for s = sigmoid(z), with no cancellation in 1 - s.
template <class D, class V = hwy::HWY_NAMESPACE::Vec<D>>
HWY_INLINE V SigmoidSlope(D d, V z, V& s) {
  namespace hn = hwy::HWY_NAMESPACE;
  const V bound = hn::Set(d, -80.0f);  // keeps e^-z finite
  const V e = Exp(d, hn::Neg(hn::IfThenElse(hn::Lt(z, bound), bound, z)));
  s = hn::Div(hn::Set(d, 1.0f), hn::Add(hn::Set(d, 1.0f), e));
  return hn::Mul(s, hn::Mul(s, e));
}

// The derivative of the activation at x; relu's at 0 is 0.
template <Activation kActivation, class D, class V = hwy::HWY_NAMESPACE::Vec<D>>
HWY_INLINE V ActivateGradAs(D d, V x) {
  namespace hn = hwy::HWY_NAMESPACE;
  const V one = hn::Set(d, 1.0f), half = hn::Set(d, 0.5f);
  if constexpr (kActivation == Activation::relu) {
    return hn::IfThenElseZero(hn::Gt(x, hn::Zero(d)), one);
  } else if constexpr (kActivation == Activation::gelu) {  // Phi(x) + x phi(x)
    const V density = hn::Mul(Exp(d, hn::Mul(hn::Mul(x, x), hn::Set(d, -0.5f))), hn::Set(d, 0.39894228f));
    return hn::MulAdd(x, density, hn::Add(half, NormalOddPart(d, x)));
  } else if constexpr (kActivation == Activation::gelu_tanh) {  // s + x z' s (1 - s)
    const V u = hn::Min(hn::Mul(x, x), hn::Set(d, 1e9f));       // the bell is 0 there: no 0 * infinity
    const V slope = hn::MulAdd(u, hn::Set(d, 3 * 0.0713548163f), hn::Set(d, 1.59576912f));
    V s;
    const V bell = SigmoidSlope(d, GeluTanhArgument(d, x), s);
    return hn::MulAdd(hn::Mul(x, bell), slope, s);
  } else if constexpr (kActivation == Activation::tanh) {
    const V t = Tanh(d, x);
    return hn::NegMulAdd(t, t, one);
  } else if constexpr (kActivation == Activation::sigmoid) {
    V s;
    return SigmoidSlope(d, x, s);
  } else if constexpr (kActivation == Activation::silu) {
    V s;
    const V bell = SigmoidSlope(d, x, s);
    return hn::MulAdd(x, bell, s);
  } else {
    return one;
  }
}

// Calls f.template operator()<kActivation>(): chooses once, outside the loop over elements.
template <class F>
HWY_INLINE void WithActivation(Activation activation, F&& f) {
  switch (activation) {
    case Activation::none:
      return f.template operator()<Activation::none>();
    case Activation::relu:
      return f.template operator()<Activation::relu>();
    case Activation::gelu:
      return f.template operator()<Activation::gelu>();
    case Activation::gelu_tanh:
      return f.template operator()<Activation::gelu_tanh>();
    case Activation::tanh:
      return f.template operator()<Activation::tanh>();
    case Activation::sigmoid:
      return f.template operator()<Activation::sigmoid>();
    case Activation::silu:
      return f.template operator()<Activation::silu>();
  }
}

// The same, chosen at each call: shorter, but WithActivation's loops run faster.
template <class D, class V = hwy::HWY_NAMESPACE::Vec<D>>
HWY_INLINE V Activate(Activation activation, D d, V x) {
  switch (activation) {
    case Activation::none:
      return x;
    case Activation::relu:
      return ActivateAs<Activation::relu>(d, x);
    case Activation::gelu:
      return ActivateAs<Activation::gelu>(d, x);
    case Activation::gelu_tanh:
      return ActivateAs<Activation::gelu_tanh>(d, x);
    case Activation::tanh:
      return ActivateAs<Activation::tanh>(d, x);
    case Activation::sigmoid:
      return ActivateAs<Activation::sigmoid>(d, x);
    case Activation::silu:
      return ActivateAs<Activation::silu>(d, x);
  }
  return x;
}

template <class D, class V = hwy::HWY_NAMESPACE::Vec<D>>
HWY_INLINE V ActivateGrad(Activation activation, D d, V x) {
  switch (activation) {
    case Activation::none:
      return ActivateGradAs<Activation::none>(d, x);
    case Activation::relu:
      return ActivateGradAs<Activation::relu>(d, x);
    case Activation::gelu:
      return ActivateGradAs<Activation::gelu>(d, x);
    case Activation::gelu_tanh:
      return ActivateGradAs<Activation::gelu_tanh>(d, x);
    case Activation::tanh:
      return ActivateGradAs<Activation::tanh>(d, x);
    case Activation::sigmoid:
      return ActivateGradAs<Activation::sigmoid>(d, x);
    case Activation::silu:
      return ActivateGradAs<Activation::silu>(d, x);
  }
  return hwy::HWY_NAMESPACE::Set(d, 1.0f);
}

}  // namespace HWY_NAMESPACE
}  // namespace frugal
HWY_AFTER_NAMESPACE();

#endif  // the toggle
