#include "app/library/recent_models.h"

#include <algorithm>

#include <QCoreApplication>
#include <QFileInfo>
#include <QPointer>
#include <QThreadPool>

#include "app/chat/chat_backend.h"

namespace quern::app {
namespace {

constexpr size_t longest = 12;
const QString array_name = QStringLiteral("recent_models");

}  // namespace

RecentModels::RecentModels(QSettings& settings, QObject* parent)
    : QAbstractListModel(parent), settings_(settings) {
  const int size = settings.beginReadArray(array_name);
  for (int i = 0; i < size; ++i) {
    settings.setArrayIndex(i);
    models_.push_back({settings.value(QStringLiteral("folder")).toString(),
                       settings.value(QStringLiteral("name")).toString(),
                       settings.value(QStringLiteral("summary")).toString()});
  }
  settings.endArray();
  refresh();
}

void RecentModels::add(const ModelInformation& model) {
  QStringList summary;
  for (const QString& part : {model.family, model.quantization}) {
    if (!part.isEmpty()) summary << part;
  }
  beginResetModel();
  std::erase_if(models_, [&](const Recent& recent) { return recent.folder == model.folder; });
  models_.insert(models_.begin(), {model.folder, model.name, summary.join(QStringLiteral(" · "))});
  if (models_.size() > longest) models_.resize(longest);
  endResetModel();
  Q_EMIT countChanged();
  store();
}

void RecentModels::forget(const QString& folder) {
  const auto found = std::find_if(models_.begin(), models_.end(),
                                  [&](const Recent& recent) { return recent.folder == folder; });
  if (found == models_.end()) return;
  const int row = static_cast<int>(found - models_.begin());
  beginRemoveRows({}, row, row);
  models_.erase(found);
  endRemoveRows();
  Q_EMIT countChanged();
  store();
}

void RecentModels::refresh() {
  for (const Recent& recent : models_) {
    QThreadPool::globalInstance()->start(
        [self = QPointer<RecentModels>(this), folder = recent.folder] {
          const bool missing = !QFileInfo::exists(folder);
          QMetaObject::invokeMethod(qApp, [self, folder, missing] {
            if (!self) return;
            for (size_t i = 0; i < self->models_.size(); ++i) {
              if (self->models_[i].folder != folder || self->models_[i].missing == missing)
                continue;
              self->models_[i].missing = missing;
              const QModelIndex changed = self->index(static_cast<int>(i));
              Q_EMIT self->dataChanged(changed, changed, {MissingRole});
            }
          });
        });
  }
}

void RecentModels::store() {
  settings_.remove(array_name);
  settings_.beginWriteArray(array_name, count());
  for (int i = 0; i < count(); ++i) {
    settings_.setArrayIndex(i);
    const Recent& recent = models_[static_cast<size_t>(i)];
    settings_.setValue(QStringLiteral("folder"), recent.folder);
    settings_.setValue(QStringLiteral("name"), recent.name);
    settings_.setValue(QStringLiteral("summary"), recent.summary);
  }
  settings_.endArray();
}

int RecentModels::rowCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : count();
}

QVariant RecentModels::data(const QModelIndex& index, int role) const {
  if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
  const Recent& recent = models_[static_cast<size_t>(index.row())];
  switch (role) {
    case FolderRole:
      return recent.folder;
    case NameRole:
      return recent.name;
    case SummaryRole:
      return recent.summary;
    case MissingRole:
      return recent.missing;
    default:
      return {};
  }
}

QHash<int, QByteArray> RecentModels::roleNames() const {
  return {{FolderRole, "folder"},
          {NameRole, "name"},
          {SummaryRole, "summary"},
          {MissingRole, "missing"}};
}

}  // namespace quern::app
