#include "app/system/appearance.h"

#include <QDBusConnection>
#include <QDBusMessage>
#include <QDBusPendingCallWatcher>
#include <QDBusPendingReply>
#include <QDBusVariant>
#include <QGuiApplication>
#include <QMetaEnum>
#include <QPalette>

namespace quern::app {
namespace {

const QString service = QStringLiteral("org.freedesktop.portal.Desktop");
const QString path = QStringLiteral("/org/freedesktop/portal/desktop");
const QString interface = QStringLiteral("org.freedesktop.portal.Settings");
const QString group_name = QStringLiteral("org.freedesktop.appearance");
const QString key_name = QStringLiteral("color-scheme");
const QString setting_key = QStringLiteral("appearance/scheme");

// The portal wraps the value in one variant or, through Read, in two.
uint portalValue(QVariant value) {
  while (value.canConvert<QDBusVariant>()) value = value.value<QDBusVariant>().variant();
  return value.toUInt();
}

}  // namespace

Appearance::Appearance(QSettings& settings, QObject* parent)
    : QObject(parent),
      settings_(settings),
      scheme_(System),
      system_dark_(QGuiApplication::palette().color(QPalette::Window).lightness() < 128) {
  bool known = false;
  const int stored = QMetaEnum::fromType<Scheme>().keyToValue(
      settings.value(setting_key).toString().toLatin1().constData(), &known);
  if (known) scheme_ = static_cast<Scheme>(stored);
  askPortal();
}

void Appearance::setScheme(Scheme scheme) {
  if (scheme_ == scheme) return;
  const bool before = isDark();
  scheme_ = scheme;
  settings_.setValue(setting_key,
                     QString::fromLatin1(QMetaEnum::fromType<Scheme>().valueToKey(scheme)));
  Q_EMIT schemeChanged();
  if (before != isDark()) Q_EMIT isDarkChanged();
}

bool Appearance::isDark() const { return scheme_ == System ? system_dark_ : scheme_ == Dark; }

void Appearance::askPortal() {
  QDBusConnection bus = QDBusConnection::sessionBus();
  if (!bus.isConnected()) return;
  bus.connect(service, path, interface, QStringLiteral("SettingChanged"), this,
              SLOT(portalChanged(QString, QString, QDBusVariant)));
  QDBusMessage question =
      QDBusMessage::createMethodCall(service, path, interface, QStringLiteral("Read"));
  question << group_name << key_name;
  auto* watcher = new QDBusPendingCallWatcher(bus.asyncCall(question), this);
  connect(watcher, &QDBusPendingCallWatcher::finished, this, [this](QDBusPendingCallWatcher* call) {
    const QDBusPendingReply<QDBusVariant> reply = *call;
    if (!reply.isError()) setSystemDark(portalValue(reply.value().variant()) == 1);
    call->deleteLater();
  });
}

void Appearance::portalChanged(const QString& group, const QString& key,
                               const QDBusVariant& value) {
  if (group == group_name && key == key_name) setSystemDark(portalValue(value.variant()) == 1);
}

void Appearance::setSystemDark(bool dark) {
  if (system_dark_ == dark) return;
  const bool before = isDark();
  system_dark_ = dark;
  if (before != isDark()) Q_EMIT isDarkChanged();
}

}  // namespace quern::app
