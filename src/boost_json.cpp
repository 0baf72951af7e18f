// Boost.JSON, for systems that have only its headers.
#include <boost/json/src.hpp>
