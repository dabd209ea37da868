// What the program was built of: keyhole --version --verbose.
//
// Thread: any.
#pragma once

#include <string>

namespace keyhole::program {

// A line for the program, the compiler, and each library with its licence. Where a library is
// shared, the version is that of the process if the library tells it.
std::string VerboseVersion();

}  // namespace keyhole::program
