# What `cmake --install` lays down: the public headers, libelman, the elman tool, and the files by which CMake and
# pkg-config find them. All paths inside are relative, so that the prefix can be moved.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/elman)

install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/elman DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
install(TARGETS elman EXPORT elmanTargets INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT elmanTargets NAMESPACE elman:: DESTINATION ${package_dir})
if(TARGET elman_cli)
  set_target_properties(elman_cli PROPERTIES INSTALL_RPATH "$ORIGIN/../${CMAKE_INSTALL_LIBDIR}")
  install(TARGETS elman_cli)
endif()

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/elmanConfig.cmake.in ${PROJECT_BINARY_DIR}/elmanConfig.cmake
  INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/elmanConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/elmanConfig.cmake ${PROJECT_BINARY_DIR}/elmanConfigVersion.cmake
  DESTINATION ${package_dir})

# A static libelman leaves the libraries it uses to the final link; a shared one brings them along.
if(BUILD_SHARED_LIBS)
  set(ELMAN_PC_LINK "")
else()
  set(ELMAN_PC_LINK "-lfmt -lhwy -pthread")
endif()
file(RELATIVE_PATH ELMAN_PC_PREFIX ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
configure_file(${CMAKE_CURRENT_LIST_DIR}/elman.pc.in ${PROJECT_BINARY_DIR}/elman.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/elman.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
