// The checksum of snapshots and of DUMP: CRC-64 with the polynomial of D. Jones, reflected, from 0,
// without a final exclusive or. Of "123456789" it is e9c6d914c4b8d9ca.
#pragma once

#include <cstdint>
#include <string_view>

namespace keyhole::store::rdb {

// Of what came before, whose checksum is `crc`, and these bytes.
uint64_t Crc64(std::string_view bytes, uint64_t crc = 0);

}  // namespace keyhole::store::rdb
