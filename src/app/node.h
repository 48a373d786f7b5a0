// A running node: every part, made in the order in which they depend on each other, and taken down
// in the reverse one. The only place where the parts meet.
#pragma once

#include <memory>

#include "app/settings.h"
#include "sys/loop.h"

namespace posada::app {

class Node {
 public:
  Node(Settings settings, sys::Loop& loop);
  ~Node();

  // Opens the store, finishes or undoes what an earlier daemon left, finds running guests again,
  // and begins to serve. Throws when this node is running already, or cannot start.
  sys::Async<void> start();
  // Stops serving. Guests, workers and the front go on.
  sys::Async<void> stop();

  struct Parts;

 private:
  std::unique_ptr<Parts> parts_;
};

}  // namespace posada::app
