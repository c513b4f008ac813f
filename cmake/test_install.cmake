# Installs into a folder of the build, builds examples/cpp against it, and classifies with a committed small model.
function(must)
  execute_process(COMMAND ${ARGV} RESULT_VARIABLE status OUTPUT_VARIABLE out ERROR_VARIABLE out)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${ARGV}: ${status}\n${out}")
  endif()
  message(STATUS "${out}")
endfunction()
set(prefix ${BUILD}/installed)
must(${CMAKE_COMMAND} --install ${BUILD} --prefix ${prefix})
set(sanitizer)
if(SANITIZE)  # the library's objects call the sanitizer's
  set(sanitizer -DCMAKE_EXE_LINKER_FLAGS=-fsanitize=${SANITIZE})
endif()
must(${CMAKE_COMMAND} -S ${SOURCE}/examples/cpp -B ${BUILD}/example -G Ninja -DCMAKE_PREFIX_PATH=${prefix} ${sanitizer})
must(${CMAKE_COMMAND} --build ${BUILD}/example)
# The reference case has no tokenizer: the program must load it and say so, not crash.
execute_process(COMMAND ${BUILD}/example/classify ${SOURCE}/tests/cases/bert/classification "a text"
                RESULT_VARIABLE status OUTPUT_VARIABLE out ERROR_VARIABLE err)
if(NOT status EQUAL 1 OR NOT err MATCHES "tokenizer|vocab")
  message(FATAL_ERROR "unexpected: ${status} ${out} ${err}")
endif()
