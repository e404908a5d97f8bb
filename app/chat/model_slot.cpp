#include "app/chat/model_slot.h"

#include <QDir>
#include <QLocale>

namespace quern::app {

ModelSlot::ModelSlot(ChatBackend& backend, QObject* parent) : QObject(parent), backend_(backend) {
  connect(&backend, &ChatBackend::loadPhase, this, [this](const QString& phase) {
    phase_ = phase;
    Q_EMIT changed();
  });
  connect(&backend, &ChatBackend::loaded, this, [this](const ModelInformation& model) {
    state_ = Ready;
    model_ = model;
    phase_.clear();
    Q_EMIT changed();
    Q_EMIT ready(model);
  });
  connect(&backend, &ChatBackend::loadFailed, this,
          [this](const QString& what, const QString& advice) {
            state_ = Error;
            phase_.clear();
            error_ = what;
            advice_ = advice;
            Q_EMIT changed();
          });
}

QString ModelSlot::summary() const {
  QStringList parts;
  if (!model_.family.isEmpty()) parts << model_.family;
  if (!model_.quantization.isEmpty()) parts << model_.quantization;
  if (model_.context_length > 0) {
    parts << tr("%1 tokens of context").arg(QLocale().toString(model_.context_length));
  }
  return parts.join(QStringLiteral(" · "));
}

void ModelSlot::load(const QString& folder) {
  const QString absolute = QDir::cleanPath(QDir(folder).absolutePath());
  state_ = Loading;
  model_ = {};
  model_.folder = absolute;
  model_.name = QDir(absolute).dirName();
  phase_ = tr("Opening");
  error_.clear();
  advice_.clear();
  Q_EMIT changed();
  backend_.load(absolute);
}

void ModelSlot::loadUrl(const QUrl& url) { load(url.toLocalFile()); }

void ModelSlot::unload() {
  state_ = Empty;
  model_ = {};
  phase_.clear();
  error_.clear();
  advice_.clear();
  backend_.unload();
  Q_EMIT changed();
}

}  // namespace quern::app
