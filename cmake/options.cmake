# Compiler options of our own targets; never passed on to users of the library.
add_library(frugal_options INTERFACE)
target_compile_options(frugal_options INTERFACE -Wall -Wextra -Wno-unused-parameter -fno-math-errno)
# a*b+c must round the same way in every build: kernels ask for fused operations where they want them.
target_compile_options(frugal_options INTERFACE -ffp-contract=off)
if(FRUGAL_WERROR)
  target_compile_options(frugal_options INTERFACE -Werror)
endif()
if(FRUGAL_SANITIZE)
  add_compile_options(-fsanitize=${FRUGAL_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${FRUGAL_SANITIZE})
endif()

find_program(CCACHE ccache)
if(CCACHE)
  # The precompiled headers are told apart by their content, as ccache's manual asks for.
  set(CMAKE_CXX_COMPILER_LAUNCHER env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
                                  ${CCACHE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-fpch-preprocess)
  endif()
endif()

# Kernels are compiled for a baseline, AVX2 and AVX-512 with VNNI; the machine chooses at run time. A CPU with
# AVX-512 but no VNNI (Skylake-X) runs the AVX2 code: a fourth copy would cost build time and win it little.
set(disabled_targets "HWY_SSSE3|HWY_SSE4|HWY_AVX3")
if(FRUGAL_FUZZ)  # its targets read files and run no kernel; clang with sanitizers takes long over each copy
  string(APPEND disabled_targets "|HWY_AVX2|HWY_AVX3_DL")
endif()
add_compile_definitions(HWY_WANT_AVX3_DL "HWY_DISABLED_TARGETS=(${disabled_targets})")

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(frugal_options INTERFACE -Wno-restrict)  # GCC 12 warns inside std::string (PR 105651)
endif()
