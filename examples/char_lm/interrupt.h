#pragma once

namespace char_lm {

/// During its life the first SIGINT or SIGTERM is only noted, for the program to end in order; a second one
/// ends it at once.
class NotedInterrupts {
 public:
  NotedInterrupts();
  ~NotedInterrupts();
  NotedInterrupts(const NotedInterrupts&) = delete;
  NotedInterrupts& operator=(const NotedInterrupts&) = delete;
};

bool interrupted();

}  // namespace char_lm
