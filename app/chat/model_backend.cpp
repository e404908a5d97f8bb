#include "app/chat/model_backend.h"

namespace quern::app {

class ModelBackend::Worker : public QObject {};

ModelBackend::ModelBackend(QObject* parent)
    : ChatBackend(parent),
      worker_(nullptr),
      updates_([](GenerationUpdate&, GenerationUpdate&&) {}, [](GenerationUpdate) {}) {}
ModelBackend::~ModelBackend() = default;
void ModelBackend::load(const QString& folder) {
  Q_EMIT loadFailed(
      QStringLiteral("[LanguageModel] no model can be loaded from %1 yet").arg(folder), {});
}
void ModelBackend::unload() {}
void ModelBackend::generate(const ChatRequest&) {}
void ModelBackend::stop() {}

}  // namespace quern::app
