# Kernel benchmarks on Google Benchmark: one executable of every *_bench.cc.
find_package(benchmark REQUIRED)
file(GLOB_RECURSE bench_sources CONFIGURE_DEPENDS frugal/*_bench.cc)
add_executable(frugal_benchmarks ${bench_sources} frugal/ops/testing.cc)
target_link_libraries(frugal_benchmarks PRIVATE frugal benchmark::benchmark benchmark::benchmark_main frugal_options)
