// What the program is made of: keyhole --version --verbose, keyhole generate sbom.
//
// Thread: any.
#pragma once

#include <string>

namespace keyhole::program {

// A line for the program, and one for each library with its version and its licence.
std::string VerboseVersion();

// The same as a software bill of materials: CycloneDX 1.5, JSON. The same program gives the same
// bytes.
std::string BillOfMaterials();

}  // namespace keyhole::program
