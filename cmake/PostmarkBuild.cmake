# SPDX-License-Identifier: BSL-1.0
#
# Settings with which this project is compiled.

find_program(POSTMARK_CCACHE ccache)
if(POSTMARK_CCACHE AND PROJECT_IS_TOP_LEVEL AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    set(CMAKE_CXX_COMPILER_LAUNCHER "${POSTMARK_CCACHE}")
endif()

# The sources contain no modules; CMake 3.28 and newer would search each file for them before it is compiled.
set(CMAKE_CXX_SCAN_FOR_MODULES OFF)

# Settings of every target of this project: language, warnings, sanitizers.
add_library(postmark_build INTERFACE)
target_compile_features(postmark_build INTERFACE cxx_std_20)
target_compile_options(
    postmark_build
    INTERFACE
        -Wall
        -Wextra
        -Wpedantic
        -Wshadow
        -Wconversion
        -Wsign-conversion
        -Wnon-virtual-dtor
        -Woverloaded-virtual
        -Wold-style-cast
        $<$<BOOL:${POSTMARK_WARNINGS_AS_ERRORS}>:-Werror>
)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # Shows a compiler cache which precompiled header an object is made with. The cache uses that only with
    # CCACHE_SLOPPINESS=pch_defines,time_macros, which scripts/common.sh sets.
    set(has_precompiled "$<BOOL:$<TARGET_PROPERTY:PRECOMPILE_HEADERS>>")
    set(reuses_precompiled "$<BOOL:$<TARGET_PROPERTY:PRECOMPILE_HEADERS_REUSE_FROM>>")
    target_compile_options(
        postmark_build INTERFACE "$<$<OR:${has_precompiled},${reuses_precompiled}>:-fpch-preprocess>"
    )
endif()
if(POSTMARK_SANITIZE)
    add_compile_options(-fsanitize=${POSTMARK_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
    add_link_options(-fsanitize=${POSTMARK_SANITIZE})
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
        # GCC 12 warns falsely about coroutine frames when a sanitizer instruments them.
        target_compile_options(
            postmark_build INTERFACE -Wno-mismatched-new-delete -Wno-maybe-uninitialized -Wno-tsan
        )
    endif()
endif()

# Boost.JSON: the compiled library if the system has it, otherwise one source file that includes the implementation.
function(postmark_find_boost_json)
    find_package(Boost 1.81 QUIET OPTIONAL_COMPONENTS json)
    if(TARGET Boost::json)
        set(POSTMARK_BOOST_JSON_COMPILED ON PARENT_SCOPE)
    else()
        set(POSTMARK_BOOST_JSON_COMPILED OFF PARENT_SCOPE)
    endif()
endfunction()

# postmark_precompile(TARGET HEADERS...): parses heavy headers of other projects once for the whole target. That is most
# of the time that its files take to compile. Only where tests are built: a build without them shows a missing include.
function(postmark_precompile target)
    if(POSTMARK_BUILD_TESTS)
        target_precompile_headers(${target} PRIVATE ${ARGN})
    endif()
endfunction()
