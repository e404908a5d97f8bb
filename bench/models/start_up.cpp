// From a checkpoint's name to the first token of an answer, its files in the system's cache.

#include "bench/models/synthetic_checkpoint.h"
#include "bench/suite/sections.h"
#include "models/generate/generator.h"

namespace quern::bench {

void start_up(Suite& suite) {
  std::vector<ModelShape> shapes{one_billion()};
  if (suite.full()) shapes.push_back(eight_billion());
  for (const ModelShape& shape : shapes) {
    const StoredAs stored{4, 64};
    const std::string name = "start/" + shape.name + "-" + stored.name();
    if (const auto reason = no_room_for(shape.parameters() * stored.bytes_per_parameter())) {
      if (suite.wants(name)) suite.report().skip(name, *reason);
      continue;
    }
    suite.measure(name + "/open", [&] {
      const auto folder = synthetic_checkpoint(shape, stored);
      return Work{.unit = milliseconds, .bound = Target{0.1}, .run = timed([=] {
                                                                models::LanguageModel::load(folder);
                                                              })};
    });
    suite.measure(name + "/first_token", [&] {
      const auto folder = synthetic_checkpoint(shape, stored);
      models::GenerationRequest request;
      request.prompt = {1, 2, 3, 4, 5, 6, 7, 8};
      request.sampling.temperature = 0;
      request.max_tokens = 1;
      return Work{.unit = seconds,
                  .bound = Target{1.0},
                  .run = timed([=] {
                    models::Generator generator(models::LanguageModel::load(folder));
                    generator.generate(request, [](const auto&) {});
                  })};
    });
  }
}

}  // namespace quern::bench
