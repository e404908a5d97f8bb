#pragma once

#include <vector>

#include <QtQml/qqmlregistration.h>
#include <QAbstractListModel>
#include <QSettings>

namespace quern::app {

struct ModelInformation;

/// The models that were opened, last one first, kept in the settings. Whether their folders are
/// still there is looked up beside the GUI thread, since a folder may lie on a disk that is slow to
/// answer. GUI thread.
class RecentModels : public QAbstractListModel {
  Q_OBJECT
  QML_ELEMENT
  QML_UNCREATABLE("Made by the program.")
  Q_PROPERTY(int count READ count NOTIFY countChanged)

 public:
  enum Role { FolderRole = Qt::UserRole, NameRole, SummaryRole, MissingRole };

  /// `settings` must outlive it.
  explicit RecentModels(QSettings& settings, QObject* parent = nullptr);

  int count() const { return static_cast<int>(models_.size()); }

  /// Puts a model that was loaded first.
  void add(const ModelInformation& model);
  Q_INVOKABLE void forget(const QString& folder);
  /// Looks up again which folders are there.
  Q_INVOKABLE void refresh();

  int rowCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role) const override;
  QHash<int, QByteArray> roleNames() const override;

 Q_SIGNALS:
  void countChanged();

 private:
  struct Recent {
    QString folder;
    QString name;
    QString summary;
    bool missing = false;
  };
  void store();

  QSettings& settings_;
  std::vector<Recent> models_;
};

}  // namespace quern::app
