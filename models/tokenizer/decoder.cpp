#include "models/tokenizer/decoder.h"

#include <utility>

namespace quern::models {

/// The end of every chain.
class DecodeStream::Collector : public DecoderStage {
 public:
  Collector() : DecoderStage(nullptr) {}
  void text(std::string_view chunk) override { collected += chunk; }
  void end_token() override {}
  void finish() override {}

  std::string collected;
};

DecodeStream::DecodeStream(const TokenDecoder& decoder, Emission emission)
    : collector_(std::make_unique<Collector>()),
      first_(decoder.add_stages(stages_, collector_.get(), emission)) {}

DecodeStream::~DecodeStream() = default;
DecodeStream::DecodeStream(DecodeStream&&) noexcept = default;
DecodeStream& DecodeStream::operator=(DecodeStream&&) noexcept = default;

void DecodeStream::add(std::string_view token) {
  first_->text(token);
  first_->end_token();
}

void DecodeStream::finish() { first_->finish(); }

std::string DecodeStream::take() { return std::exchange(collector_->collected, {}); }

}  // namespace quern::models
