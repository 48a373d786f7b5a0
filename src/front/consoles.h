// Which consoles are open, by name: a new one of the same name ends the older one's relay, since
// what is behind it serves one viewer.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>

namespace posada::front {

class Consoles {
 public:
  // Leaves the list when destroyed, unless a newer console has taken the name.
  class Place {
   public:
    Place() = default;
    Place(Consoles* consoles, std::string name, std::uint64_t number)
        : consoles_(consoles), name_(std::move(name)), number_(number) {}
    Place(Place&& other) noexcept
        : consoles_(std::exchange(other.consoles_, nullptr)),
          name_(std::move(other.name_)),
          number_(other.number_) {}
    Place& operator=(Place&&) = delete;
    ~Place() {
      if (consoles_) consoles_->leave(name_, number_);
    }

   private:
    Consoles* consoles_ = nullptr;
    std::string name_;
    std::uint64_t number_ = 0;
  };

  // `end` is called when another console takes the name. An empty name is nobody's.
  Place enter(const std::string& name, std::function<void()> end) {
    if (name.empty()) return {};
    if (auto old = open_.find(name); old != open_.end()) {
      auto end_old = std::move(old->second.end);
      open_.erase(old);
      end_old();
    }
    open_[name] = {++last_, std::move(end)};
    return Place(this, name, last_);
  }

 private:
  struct Open {
    std::uint64_t number = 0;
    std::function<void()> end;
  };
  void leave(const std::string& name, std::uint64_t number) {
    auto found = open_.find(name);
    if (found != open_.end() && found->second.number == number) open_.erase(found);
  }

  std::map<std::string, Open> open_;
  std::uint64_t last_ = 0;
};

}  // namespace posada::front
