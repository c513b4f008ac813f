# The sentencepiece library's trainer as a program of its own. Debian's library exports a protobuf of its own, so it
# must not be linked into anything that has the system's: "compiled against version 3.14.0" ends such a program.
pkg_check_modules(sentencepiece REQUIRED IMPORTED_TARGET sentencepiece)
add_executable(frugal_train_sentencepiece tools/train_sentencepiece.cc)
set_target_properties(frugal_train_sentencepiece PROPERTIES OUTPUT_NAME frugal-train-sentencepiece)
target_link_libraries(frugal_train_sentencepiece PRIVATE PkgConfig::sentencepiece frugal_options)
add_dependencies(frugal_cli frugal_train_sentencepiece)
install(TARGETS frugal_train_sentencepiece RUNTIME DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/frugal)
