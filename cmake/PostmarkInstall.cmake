# SPDX-License-Identifier: BSL-1.0
#
# What `cmake --install` installs: headers, libraries, the CMake package and a pkg-config file.

option(POSTMARK_INSTALL "Install the libraries, the sandbox program, and what finds them" ${PROJECT_IS_TOP_LEVEL})
if(NOT POSTMARK_INSTALL)
    return()
endif()

include(CMakePackageConfigHelpers)

set(postmark_cmake_dir "${CMAKE_INSTALL_LIBDIR}/cmake/postmark")
set(postmark_pkgconfig_dir "${CMAKE_INSTALL_LIBDIR}/pkgconfig")

# Libraries and programs. Shared libraries are found relative to them, so that the installed tree may be moved.
set(postmark_installed postmark)
set_target_properties(postmark PROPERTIES INSTALL_RPATH "$ORIGIN")
if(POSTMARK_BUILD_SANDBOX)
    list(APPEND postmark_installed postmark_sandbox)
    set_target_properties(postmark_sandbox PROPERTIES INSTALL_RPATH "$ORIGIN")
    file(RELATIVE_PATH postmark_from_bin_to_lib "${CMAKE_INSTALL_FULL_BINDIR}" "${CMAKE_INSTALL_FULL_LIBDIR}")
    set_target_properties(postmark-sandbox PROPERTIES INSTALL_RPATH "$ORIGIN/${postmark_from_bin_to_lib}")
    install(TARGETS postmark-sandbox RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT sandbox)
endif()
install(
    TARGETS ${postmark_installed}
    EXPORT postmark-targets
    LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT runtime NAMELINK_COMPONENT development
    ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT development
)

# Headers. The header of the sandbox is installed only with its library.
install(
    DIRECTORY "${PROJECT_SOURCE_DIR}/include/postmark"
    DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
    COMPONENT development
    FILES_MATCHING
    PATTERN "*.hpp"
    PATTERN "sandbox.hpp" EXCLUDE
)
if(POSTMARK_BUILD_SANDBOX)
    install(
        FILES "${PROJECT_SOURCE_DIR}/include/postmark/sandbox.hpp"
        DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/postmark"
        COMPONENT development
    )
endif()

# find_package(postmark)
set(postmark_boost_components "")
if(POSTMARK_BOOST_JSON_COMPILED)
    set(postmark_boost_components "COMPONENTS json")
endif()
set(postmark_find_zlib "")
if(POSTMARK_BUILD_SANDBOX AND ZLIB_FOUND)
    get_target_property(postmark_sandbox_type postmark_sandbox TYPE)
    if(postmark_sandbox_type STREQUAL "STATIC_LIBRARY")
        set(postmark_find_zlib "find_dependency(ZLIB)")
    endif()
endif()
configure_package_config_file(
    "${PROJECT_SOURCE_DIR}/cmake/postmark-config.cmake.in" "${PROJECT_BINARY_DIR}/postmark-config.cmake"
    INSTALL_DESTINATION "${postmark_cmake_dir}"
    NO_SET_AND_CHECK_MACRO
)
# Below 1.0 a minor version may change the interface.
write_basic_package_version_file("${PROJECT_BINARY_DIR}/postmark-config-version.cmake" COMPATIBILITY SameMinorVersion)
install(
    FILES "${PROJECT_BINARY_DIR}/postmark-config.cmake" "${PROJECT_BINARY_DIR}/postmark-config-version.cmake"
    DESTINATION "${postmark_cmake_dir}"
    COMPONENT development
)
install(
    EXPORT postmark-targets
    NAMESPACE postmark::
    DESTINATION "${postmark_cmake_dir}"
    COMPONENT development
)

# pkg-config. All paths are relative to the file, so that `cmake --install --prefix` may install it anywhere.
function(postmark_relative_to_prefix variable directory)
    if(IS_ABSOLUTE "${directory}")
        set(${variable} "${directory}" PARENT_SCOPE)
    else()
        set(${variable} "\${prefix}/${directory}" PARENT_SCOPE)
    endif()
endfunction()
if(IS_ABSOLUTE "${postmark_pkgconfig_dir}")
    set(postmark_pc_prefix "${CMAKE_INSTALL_PREFIX}")
else()
    file(RELATIVE_PATH postmark_pc_up "/${postmark_pkgconfig_dir}" "/")
    string(REGEX REPLACE "/$" "" postmark_pc_up "${postmark_pc_up}")
    set(postmark_pc_prefix "\${pcfiledir}/${postmark_pc_up}")
endif()
postmark_relative_to_prefix(postmark_pc_libdir "${CMAKE_INSTALL_LIBDIR}")
postmark_relative_to_prefix(postmark_pc_includedir "${CMAKE_INSTALL_INCLUDEDIR}")

# Boost has no file for pkg-config; if the compiler does not find it by itself, its folders are named here.
set(postmark_pc_cflags "-I\${includedir}")
set(postmark_pc_libs "-L\${libdir} -lpostmark")
get_target_property(postmark_boost_include Boost::headers INTERFACE_INCLUDE_DIRECTORIES)
foreach(directory IN LISTS postmark_boost_include)
    if(NOT directory MATCHES "^\\$<" AND NOT directory IN_LIST CMAKE_CXX_IMPLICIT_INCLUDE_DIRECTORIES)
        string(APPEND postmark_pc_cflags " -I${directory}")
    endif()
endforeach()
if(POSTMARK_BOOST_JSON_COMPILED)
    # Public, because postmark/json.hpp calls it in the program that includes it.
    foreach(directory IN LISTS Boost_LIBRARY_DIRS)
        if(NOT directory IN_LIST CMAKE_CXX_IMPLICIT_LINK_DIRECTORIES)
            string(APPEND postmark_pc_libs " -L${directory}")
        endif()
    endforeach()
    string(APPEND postmark_pc_libs " -lboost_json")
endif()
string(APPEND postmark_pc_libs " -pthread")
get_target_property(postmark_type postmark TYPE)
if(postmark_type STREQUAL "SHARED_LIBRARY")
    set(postmark_pc_openssl "Requires.private: openssl >= 3.0")
else()
    # Only the archive exists, so programs need OpenSSL with and without `--static`.
    set(postmark_pc_openssl "Requires: openssl >= 3.0")
endif()
configure_file("${PROJECT_SOURCE_DIR}/cmake/postmark.pc.in" "${PROJECT_BINARY_DIR}/postmark.pc" @ONLY)
install(
    FILES "${PROJECT_BINARY_DIR}/postmark.pc" DESTINATION "${postmark_pkgconfig_dir}" COMPONENT development
)

install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}" COMPONENT development)
