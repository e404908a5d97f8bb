#include "app/system/paths.h"

#include <QStandardPaths>

namespace quern::app {

QString chatsFile() {
  return QStandardPaths::writableLocation(QStandardPaths::GenericDataLocation) +
         QLatin1String("/quern/chats.db");
}

QString settingsFile() {
  return QStandardPaths::writableLocation(QStandardPaths::GenericConfigLocation) +
         QLatin1String("/quern/quern.conf");
}

}  // namespace quern::app
