# SPDX-License-Identifier: BSL-1.0
#
# Checks that the other checks in this folder find what they look for, on small trees that break one rule each:
#   cmake -DCOMPILER=<c++> -DINCLUDES=<folders of other libraries> -DWORK=<folder> -P refusals.cmake

cmake_minimum_required(VERSION 3.25)

set(failed 0)

function(fresh_tree)
    file(REMOVE_RECURSE "${WORK}/tree")
    file(WRITE "${WORK}/tree/include/postmark/receipt.hpp" "#include <string>\n")
    file(
        WRITE
        "${WORK}/tree/include/postmark/client.hpp"
        "#include <postmark/receipt.hpp>\n#include <boost/asio/any_io_executor.hpp>\n"
    )
    file(WRITE "${WORK}/tree/include/postmark/postmark.hpp" "#include <postmark/client.hpp>\n")
    file(WRITE "${WORK}/tree/include/postmark/json.hpp" "#include <boost/json/value.hpp>\n")
    file(
        WRITE
        "${WORK}/tree/src/protocol/reader.cpp"
        "#include \"protocol/reader.hpp\"\n#include <boost/json/value.hpp>\n"
    )
    file(WRITE "${WORK}/tree/src/transport/tls.cpp" "#include <openssl/ssl.h>\n#include \"model/text.hpp\"\n")
    file(
        WRITE
        "${WORK}/tree/src/client/engine.cpp"
        "#include \"protocol/reader.hpp\"\n#include \"scheduler/queue.hpp\"\n"
    )
    file(WRITE "${WORK}/tree/src/sandbox/server.cpp" "#include \"sandbox/stream.hpp\"\n#include <boost/asio/ssl.hpp>\n")
endfunction()

# Runs a check on the tree. `refused`: whether it has to fail; `about`: a regular expression for its output if so.
function(expect refused check about)
    execute_process(
        COMMAND
            "${CMAKE_COMMAND}" "-DROOT=${WORK}/tree" "-DCOMPILER=${COMPILER}" "-DINCLUDES=${INCLUDES}" "-DWORK=${WORK}"
            -P "${CMAKE_CURRENT_LIST_DIR}/${check}.cmake"
        RESULT_VARIABLE result
        OUTPUT_VARIABLE output
        ERROR_VARIABLE output
    )
    if(refused AND (result EQUAL 0 OR NOT output MATCHES "${about}"))
        message(NOTICE "${check} did not report ${about}:\n${output}")
        math(EXPR failed "${failed} + 1")
    elseif(NOT refused AND NOT result EQUAL 0)
        message(NOTICE "${check} failed on a tree that breaks no rule:\n${output}")
        math(EXPR failed "${failed} + 1")
    endif()
    set(failed ${failed} PARENT_SCOPE)
endfunction()

fresh_tree()
expect(OFF check_layers "")
expect(OFF check_reach "")

function(expect_broken_module file include)
    fresh_tree()
    file(APPEND "${WORK}/tree/${file}" "#include ${include}\n")
    expect(ON check_layers "${file}")
    set(failed ${failed} PARENT_SCOPE)
endfunction()

expect_broken_module(src/model/text.cpp "\"protocol/reader.hpp\"")
expect_broken_module(src/model/text.cpp "<postmark/client.hpp>")
expect_broken_module(src/protocol/reader.cpp "\"transport/tls.hpp\"")
expect_broken_module(src/protocol/reader.cpp "\"scheduler/queue.hpp\"")
expect_broken_module(src/protocol/reader.cpp "<postmark/detail/engine.hpp>")
expect_broken_module(src/protocol/reader.cpp "\"../transport/tls.hpp\"")
expect_broken_module(src/scheduler/queue.cpp "\"protocol/reader.hpp\"")
expect_broken_module(src/scheduler/queue.cpp "\"client/engine.hpp\"")
expect_broken_module(src/scheduler/queue.cpp "<postmark/api/request.hpp>")
expect_broken_module(src/scheduler/queue.cpp "<boost/json/value.hpp>")
expect_broken_module(src/transport/tls.cpp "\"scheduler/queue.hpp\"")
expect_broken_module(src/transport/tls.cpp "<boost/asio/ssl/stream.hpp>")
expect_broken_module(src/transport/tls.cpp "<boost/beast/http.hpp>")
expect_broken_module(src/client/engine.cpp "\"sandbox/stream.hpp\"")
expect_broken_module(src/client/engine.cpp "<openssl/ssl.h>")
expect_broken_module(src/client/engine.cpp "<boost/json.hpp>")
expect_broken_module(src/sandbox/server.cpp "\"transport/tls.hpp\"")
expect_broken_module(src/sandbox/server.cpp "<postmark/client.hpp>")
expect_broken_module(include/postmark/receipt.hpp "<postmark/client.hpp>")
expect_broken_module(include/postmark/client.hpp "\"client/engine.hpp\"")
expect_broken_module(include/postmark/sandbox.hpp "<openssl/ssl.h>")
expect_broken_module(examples/demo.cpp "\"protocol/reader.hpp\"")
expect_broken_module(benchmarks/bench.cpp "\"client/engine.hpp\"")
expect_broken_module(src/loose.cpp "<string>")
expect_broken_module(src/attic/old.cpp "<string>")

function(expect_broken_reach file include)
    fresh_tree()
    file(APPEND "${WORK}/tree/${file}" "#include ${include}\n")
    string(REGEX REPLACE "^include/" "" about "${file}")
    expect(ON check_reach "${about} brings in")
    set(failed ${failed} PARENT_SCOPE)
endfunction()

expect_broken_reach(include/postmark/receipt.hpp "<boost/json/fwd.hpp>")
expect_broken_reach(include/postmark/client.hpp "<openssl/opensslv.h>")
expect_broken_reach(include/postmark/client.hpp "<postmark/json.hpp>")

# Each file of a tree for check_sources has one fault.
function(expect_wrong_form file text about)
    file(REMOVE_RECURSE "${WORK}/tree")
    file(WRITE "${WORK}/tree/${file}" "${text}")
    expect(ON check_sources "${file}: ${about}")
    set(failed ${failed} PARENT_SCOPE)
endfunction()

set(license "// SPDX-License-Identifier: BSL-1.0\n")
string(REPEAT "x" 120 widest)
string(REPEAT "ä" 120 widest_in_utf8)
string(REPEAT "\n" 519 longest)
file(REMOVE_RECURSE "${WORK}/tree")
file(WRITE "${WORK}/tree/src/model/text.cpp" "${license}${widest}\n${widest_in_utf8}\n")
file(WRITE "${WORK}/tree/src/model/long.cpp" "${license}${longest}")
file(WRITE "${WORK}/tree/test/long.cpp" "${license}${longest}\n\n")
file(WRITE "${WORK}/tree/scripts/run" "#!/bin/sh\n# SPDX-License-Identifier: BSL-1.0\n")
expect(OFF check_sources "")
expect_wrong_form(src/model/text.cpp "// Text\n${license}" "has no line")
expect_wrong_form(include/postmark/text.hpp "#include <string>\n" "has no line")
expect_wrong_form(scripts/run "#!/bin/sh\n\n# SPDX-License-Identifier: BSL-1.0\n" "has no line")
expect_wrong_form(test/unit/CMakeLists.txt "set(a b)\n" "has no line")
expect_wrong_form(test/unit/text.cpp "${license}\n${widest}x\n" "line 3 has 121 characters")
expect_wrong_form(test/unit/text.cpp "${license}${widest_in_utf8}ä\n" "line 2 has 121 characters")
expect_wrong_form(test/unit/text.cpp "${license}a[;\\]\n\n${widest}[\n" "line 4 has 121 characters")
expect_wrong_form(src/model/long.cpp "${license}${longest}\n" "has 521 lines")

if(failed)
    message(FATAL_ERROR "expectations that failed: ${failed}")
endif()
