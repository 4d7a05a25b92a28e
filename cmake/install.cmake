# SPDX-License-Identifier: MIT
#
# libgc.so.1 goes into a folder of its own, never where it would hide the system's.

include(CMakePackageConfigHelpers)

set(terrier_cmake_dir ${CMAKE_INSTALL_LIBDIR}/cmake/terrier)

install(DIRECTORY include/terrier DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  FILES_MATCHING PATTERN "*.h")
install(TARGETS terrier terrier_static EXPORT terrier-targets
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
  INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT terrier-targets NAMESPACE terrier:: DESTINATION ${terrier_cmake_dir})

if(TARGET terrier_libgc)
  install(TARGETS terrier_libgc LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/terrier)
endif()
if(TARGET terrier_tool)
  install(TARGETS terrier_tool RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()

configure_package_config_file(cmake/terrier-config.cmake.in
  ${PROJECT_BINARY_DIR}/cmake/terrier-config.cmake
  INSTALL_DESTINATION ${terrier_cmake_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/cmake/terrier-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES
  ${PROJECT_BINARY_DIR}/cmake/terrier-config.cmake
  ${PROJECT_BINARY_DIR}/cmake/terrier-config-version.cmake
  DESTINATION ${terrier_cmake_dir})

configure_file(cmake/terrier.pc.in ${PROJECT_BINARY_DIR}/cmake/terrier.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/cmake/terrier.pc
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

install(FILES docs/man/terrier.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 OPTIONAL)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES README.md DESTINATION ${CMAKE_INSTALL_DOCDIR} OPTIONAL)
