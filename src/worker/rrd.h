// `posada-worker rrd --folder DIR`: keeps the round-robin files of the history, for as long as the
// daemon holds the other end of the socket at descriptor 3.
//
// Frames both ways are a length (u32, little endian) and that many bytes of JSON. Requests carry
// `id` and `do`, answers the same `id` and, when it failed, `error`:
//   {"do":"layout","kind":"guest","step":60,"sources":["DS:…"],"archives":["RRA:…"]}
//   {"do":"update","items":[{"kind":"guest","name":"100","samples":[[TIME,"1:U:3"],…]},…]}
//        → {"failed":[{"kind":…,"name":…,"error":…},…]}
//   {"do":"fetch","kind":…,"name":…,"cf":"AVERAGE","step":60,"start":T,"end":T}
//        → {"step":60,"start":T,"names":[…],"rows":[[…|null],…]}   (no file: no rows)
//   {"do":"remove","kind":…,"name":…}
//   {"do":"rename","kind":…,"name":…,"to":…}
// Files are DIR/KIND/NAME.rrd; a name must be one path segment. A file that is no round-robin file
// is set aside as NAME.rrd.damaged and made anew.
// It knows nothing of guests; the daemon (telemetry/history.h) says what a kind's files hold.
#pragma once

namespace posada::worker {

int run_rrd(int argc, char** argv);

}  // namespace posada::worker
