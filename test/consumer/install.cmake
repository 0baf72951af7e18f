# SPDX-License-Identifier: BSL-1.0
#
# Installs into an empty folder, so that files of an earlier version cannot be found.
file(REMOVE_RECURSE "${PREFIX}")
execute_process(
    COMMAND "${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${PREFIX}" --config "${BUILD_TYPE}"
    COMMAND_ERROR_IS_FATAL ANY
)
