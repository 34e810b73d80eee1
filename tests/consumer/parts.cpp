// Something of each part of Reel that is installed.

#include <reel/version.h>

#include <cstdio>

#if HAS_exchange
#include <reel/pytorch.h>
#include <reel/tmva.h>
#include <reel/training_checkpoint.h>
#endif
#if HAS_data
#include <reel/csv.h>
#include <reel/npz.h>
#endif
#if HAS_plot
#include <reel/plot.h>
#endif

int main() {
#if HAS_exchange
  reel::Model model(reel::Seed{1});
  const reel::Linear head(model / "head", 2, 3);
  reel::PyTorchNames names;
  names.add("head", head);
  reel::save_pytorch(names, "head.safetensors");
  reel::load_pytorch(names, "head.safetensors");
#endif
#if HAS_data
  reel::write_npz("arrays.npz", {{"x", reel::Array(1.5f)}});
  if (reel::read_npz("arrays.npz").at("x").item() != 1.5) return 1;
#endif
#if HAS_plot
  reel::draw(reel::loss_picture({"cross-entropy", "nats"}, {2, 1}, {}), "losses.svg");
#endif
  std::printf("Reel %s\n", reel::version().c_str());
  return reel::version() == std::to_string(REEL_VERSION_MAJOR) + "." + std::to_string(REEL_VERSION_MINOR) +
                                "." + std::to_string(REEL_VERSION_PATCH)
             ? 0
             : 1;
}
