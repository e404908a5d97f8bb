#pragma once

#include <QtQml/qqmlregistration.h>
#include <QDBusVariant>
#include <QObject>
#include <QSettings>

namespace quern::app {

/// Light or dark: as the user says, or as the desktop does (the settings portal's color-scheme; the
/// system palette where there is no portal). GUI thread.
class Appearance : public QObject {
  Q_OBJECT
  QML_ELEMENT
  QML_UNCREATABLE("Made by the program.")
  Q_PROPERTY(Scheme scheme READ scheme WRITE setScheme NOTIFY schemeChanged)
  Q_PROPERTY(bool isDark READ isDark NOTIFY isDarkChanged)

 public:
  enum Scheme { System, Light, Dark };
  Q_ENUM(Scheme)

  /// Reads and writes the choice in `settings`, which must outlive it.
  explicit Appearance(QSettings& settings, QObject* parent = nullptr);

  Scheme scheme() const { return scheme_; }
  void setScheme(Scheme scheme);
  bool isDark() const;

 Q_SIGNALS:
  void schemeChanged();
  void isDarkChanged();

 private Q_SLOTS:
  void portalChanged(const QString& group, const QString& key, const QDBusVariant& value);

 private:
  void askPortal();
  void setSystemDark(bool dark);

  QSettings& settings_;
  Scheme scheme_;
  bool system_dark_;
};

}  // namespace quern::app
