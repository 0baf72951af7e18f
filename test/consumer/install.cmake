# SPDX-License-Identifier: BSL-1.0
#
# Lays down an installed copy, from nothing: what an earlier version left there must not be found.
file(REMOVE_RECURSE "${PREFIX}")
execute_process(
    COMMAND "${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${PREFIX}" --config "${BUILD_TYPE}"
    COMMAND_ERROR_IS_FATAL ANY
)
