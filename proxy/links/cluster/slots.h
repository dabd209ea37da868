// Which of the 16384 slots of a Redis Cluster a key is in: CRC16 of the key, or of its hash tag,
// which is what stands between the first { and the first } behind it, if that is not empty.
//
//     user:1000          all of it           {user}:1000   user
//     foo{bar}{zap}      bar                 foo{{bar}}    {bar
//     foo{}{bar}         all of it, as the first tag is empty
//
// Thread: any; pure functions. Cost: a table look-up for each byte that is hashed.
// Source: CRC-16/XMODEM (polynomial 0x1021, from 0); keyHashSlot() of Redis 7.0.15.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace keyhole::core {

using Slot = uint16_t;
inline constexpr size_t kSlotCount = 16384;
inline constexpr Slot kNoSlot = 0xffff;

uint16_t Crc16(std::string_view bytes);
Slot SlotOf(std::string_view key);

}  // namespace keyhole::core
