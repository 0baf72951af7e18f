# SPDX-License-Identifier: BSL-1.0
#
# Configures the project in the folder of this file anew, builds it and runs its tests: against an installed copy, or
# with the sources as a part of it. In the second case only the targets that the consumer needs are built, and it uses a
# sandbox that exists already.

file(REMOVE_RECURSE "${BUILD}")

set(source "")
if(SOURCE_TREE)
    set(source
        "-DPOSTMARK_SOURCE_TREE=${SOURCE_TREE}"
        "-DPOSTMARK_WARNINGS_AS_ERRORS=${WARNINGS_AS_ERRORS}"
        "-DPOSTMARK_BUNDLED_JSON=${BUNDLED_JSON}"
        "-DPOSTMARK_BUILD_SANDBOX=${SANDBOX}"
        -DCONSUMER_WITH_SANDBOX=OFF
    )
    set(targets --target consumer)
    set(service "${BASH}" "${SOURCE_TREE}/examples/run_with_sandbox" "${SANDBOX_PROGRAM}" "100% tests passed")
else()
    set(source "-DCMAKE_PREFIX_PATH=${PREFIX}" "-DCONSUMER_WITH_SANDBOX=${SANDBOX}")
    set(targets "")
    set(service "")
endif()

execute_process(
    COMMAND
        "${CMAKE}" -S "${CMAKE_CURRENT_LIST_DIR}/project" -B "${BUILD}" -G "${GENERATOR}"
        "-DCMAKE_BUILD_TYPE=${BUILD_TYPE}" "-DCMAKE_CXX_COMPILER=${COMPILER}"
        "-DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER}" "-DCMAKE_CXX_FLAGS=${FLAGS}" "-DBUILD_SHARED_LIBS=${SHARED}"
        ${source}
    COMMAND_ERROR_IS_FATAL ANY
)
execute_process(
    COMMAND "${CMAKE}" --build "${BUILD}" --config "${BUILD_TYPE}" ${targets}
    COMMAND_ERROR_IS_FATAL ANY
)
if(SANDBOX)
    execute_process(
        COMMAND ${service} "${CTEST}" --test-dir "${BUILD}" -C "${BUILD_TYPE}" --output-on-failure
        COMMAND_ERROR_IS_FATAL ANY
    )
endif()

if(SOURCE_TREE)
    # A project that adds the library installs only its own files.
    file(REMOVE_RECURSE "${BUILD}/installed")
    execute_process(
        COMMAND "${CMAKE}" --install "${BUILD}" --prefix "${BUILD}/installed" --config "${BUILD_TYPE}"
        COMMAND_ERROR_IS_FATAL ANY
    )
    file(GLOB_RECURSE installed RELATIVE "${BUILD}/installed" "${BUILD}/installed/*")
    if(NOT installed STREQUAL "bin/consumer")
        message(FATAL_ERROR "installed with the project that added the library: ${installed}")
    endif()
endif()
