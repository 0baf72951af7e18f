# What `cmake --install` lays down: headers, libraries, the CMake package and a pkg-config file.
