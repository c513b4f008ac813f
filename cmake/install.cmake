# cmake --install: the program, the library, its headers, and find_package(frugal).
include(CMakePackageConfigHelpers)
install(TARGETS frugal_cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS frugal frugal_options EXPORT frugal-targets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY frugal DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h" PATTERN "cli" EXCLUDE
        PATTERN "testing.h" EXCLUDE PATTERN "registry*.h" EXCLUDE PATTERN "hostile.h" EXCLUDE
        PATTERN "*_fuzz.h" EXCLUDE)
install(EXPORT frugal-targets NAMESPACE frugal:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/frugal)
configure_package_config_file(cmake/frugal-config.cmake.in ${CMAKE_BINARY_DIR}/frugal-config.cmake
                              INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/frugal)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/frugal-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/frugal-config.cmake ${CMAKE_BINARY_DIR}/frugal-config-version.cmake
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/frugal)
