#pragma once

#include <QString>

namespace quern::app {

/// The file of the chats, below the user's data folder (XDG_DATA_HOME).
QString chatsFile();

/// The file of the settings, below the user's configuration folder (XDG_CONFIG_HOME).
QString settingsFile();

}  // namespace quern::app
