// SPDX-License-Identifier: BSL-1.0

// Boost.JSON, for systems that have only its headers.
#include <boost/json/src.hpp>
