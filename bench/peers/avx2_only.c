// Lets a process see a CPU whose best instruction set is AVX2, so that sides whose kernels no variable holds back can be
// compared as on such a machine. Preloaded, it has every CPUID instruction fault and answers it itself, without
// AVX-512, AMX and the VNNI of AVX (Linux' arch_prctl(ARCH_SET_CPUID, 0); processors and hypervisors that can say so
// list cpuid_fault in /proc/cpuinfo).
//
//   gcc -O2 -shared -fPIC -o avx2_only.so avx2_only.c && LD_PRELOAD=./avx2_only.so program
//
// What was chosen before it loads, such as glibc's copying of memory, stays as it was. Exits with 125 where CPUID cannot
// be made to fault. The faults cost microseconds each, when libraries load.
#define _GNU_SOURCE
#include <asm/prctl.h>
#include <cpuid.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

static void fault_on_cpuid(int fault) {
  if (syscall(SYS_arch_prctl, ARCH_SET_CPUID, !fault) == 0) return;
  fputs("avx2_only: this machine cannot have CPUID fault\n", stderr);
  _exit(125);
}

static struct sigaction earlier;

static void answer(int number, siginfo_t* info, void* state) {
  (void)number;
  greg_t* r = ((ucontext_t*)state)->uc_mcontext.gregs;
  const unsigned char* at = (const unsigned char*)r[REG_RIP];
  if (info->si_code != SI_KERNEL || at[0] != 0x0f || at[1] != 0xa2) {  // another fault: not ours
    sigaction(SIGSEGV, &earlier, NULL);                               // comes again at once
    return;
  }
  unsigned a, b, c, d;
  const unsigned leaf = (unsigned)r[REG_RAX], subleaf = (unsigned)r[REG_RCX];
  fault_on_cpuid(0);
  __cpuid_count(leaf, subleaf, a, b, c, d);
  fault_on_cpuid(1);
  if (leaf == 7 && subleaf == 0) {
    // F, DQ, IFMA, PF, ER, CD, BW, VL; VBMI, VBMI2, VNNI, BITALG, VPOPCNTDQ; 4VNNIW, 4FMAPS, VP2INTERSECT, AMX, FP16.
    b &= ~(1u << 16 | 1u << 17 | 1u << 21 | 1u << 26 | 1u << 27 | 1u << 28 | 1u << 30 | 1u << 31);
    c &= ~(1u << 1 | 1u << 6 | 1u << 11 | 1u << 12 | 1u << 14);
    d &= ~(1u << 2 | 1u << 3 | 1u << 8 | 1u << 22 | 1u << 23 | 1u << 24 | 1u << 25);
  } else if (leaf == 7 && subleaf == 1) {
    a &= ~(1u << 4 | 1u << 5 | 1u << 21 | 1u << 23);  // AVX-VNNI, AVX512-BF16, AMX-FP16, AVX-IFMA
    d &= ~(1u << 4 | 1u << 5 | 1u << 10 | 1u << 19);  // AVX-VNNI-INT8, AVX-NE-CONVERT, AVX-VNNI-INT16, AVX10
  } else if (leaf == 0x0d && subleaf == 0) {
    a &= ~(7u << 5 | 3u << 17);  // state of masks and of 512-bit registers, of tiles
  }
  r[REG_RAX] = a;
  r[REG_RBX] = b;
  r[REG_RCX] = c;
  r[REG_RDX] = d;
  r[REG_RIP] += 2;
}

__attribute__((constructor)) static void start(void) {
  struct sigaction ours = {.sa_flags = SA_SIGINFO | SA_NODEFER};
  ours.sa_sigaction = answer;
  sigaction(SIGSEGV, &ours, &earlier);
  fault_on_cpuid(1);
}
