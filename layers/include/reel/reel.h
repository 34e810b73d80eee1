#pragma once

/// Everything a user of Reel needs. Free of xtensor; <reel/xtensor.h> converts to and from it.
#include <reel/check_gradients.h>
#include <reel/check_operation.h>
#include <reel/dropout.h>
#include <reel/embedding.h>
#include <reel/files.h>
#include <reel/function.h>
#include <reel/gradients.h>
#include <reel/gru.h>
#include <reel/host_state.h>
#include <reel/indrnn.h>
#include <reel/initial_states.h>
#include <reel/layer_norm.h>
#include <reel/linear.h>
#include <reel/losses.h>
#include <reel/lstm.h>
#include <reel/mgu.h>
#include <reel/mingru.h>
#include <reel/optimisers.h>
#include <reel/rnn.h>
#include <reel/sequences.h>
#include <reel/stack.h>
#include <reel/stream.h>
#include <reel/to_dot.h>
#include <reel/training_step.h>
#include <reel/unroll.h>
