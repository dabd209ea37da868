// Preloaded into a program under test: names are looked up in the file that NAMES_SHIM_FILE
// names, each time anew, so a test says where a name leads, and changes it. A line has a name and
// its addresses; what is not in the file is looked up as ever.
//
// Thread: any.
#include <dlfcn.h>
#include <netdb.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

namespace {

using Function = int (*)(const char*, const char*, const addrinfo*, addrinfo**);

Function Real() {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, "getaddrinfo"));
}

std::string AddressesOf(const std::string& name) {
  const char* const path = std::getenv("NAMES_SHIM_FILE");
  std::ifstream file(path == nullptr ? "" : path);
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(name + " ")) return line.substr(name.size());
  }
  return {};
}

}  // namespace

extern "C" int getaddrinfo(const char* node, const char* service, const addrinfo* hints,
                           addrinfo** found) {
  std::istringstream addresses(node == nullptr ? std::string() : AddressesOf(node));
  addrinfo** next = found;
  for (std::string address; addresses >> address;) {
    const int error = Real()(address.c_str(), service, hints, next);
    if (error != 0) return error;
    while (*next != nullptr) next = &(*next)->ai_next;
  }
  return next == found ? Real()(node, service, hints, found) : 0;
}
