import QtQuick
import QtQuick.Controls
import Quern.App

// Everything that can be done from the keyboard, one row each: menus, tooltips and the list of shortcuts read it here.
Item {
    id: commands

    required property ChatSession session

    signal toggleSideBar()
    signal toggleSettings()
    signal search()
    signal renameChat()
    signal writeMessage()
    signal chooseFolder()
    signal chooseModel()
    signal showShortcuts()

    readonly property list<Action> all: [
        Action {
            text: qsTr("New chat")
            shortcut: "Ctrl+N"
            onTriggered: {
                commands.session.newChat();
                commands.writeMessage();
            }
        },
        Action { text: qsTr("Search chats"); shortcut: "Ctrl+K"; onTriggered: commands.search() },
        Action { text: qsTr("Previous chat"); shortcut: "Ctrl+PgUp"; onTriggered: commands.session.openNeighbour(-1) },
        Action { text: qsTr("Next chat"); shortcut: "Ctrl+PgDown"; onTriggered: commands.session.openNeighbour(1) },
        Action { text: qsTr("Rename chat"); shortcut: "F2"; onTriggered: commands.renameChat() },
        Action { text: qsTr("Take back the last change"); shortcut: "Ctrl+Z"; onTriggered: commands.session.undoStack.undo() },
        Action { text: qsTr("Write a message"); shortcut: "Ctrl+E"; onTriggered: commands.writeMessage() },
        Action {
            text: qsTr("Stop the answer")
            shortcut: "Esc"
            enabled: commands.session.run.isActive || commands.session.editedMessage !== ""
            onTriggered: commands.session.run.isActive ? commands.session.stop() : commands.session.cancelEdit()
        },
        Action { text: qsTr("Answer again"); shortcut: "Ctrl+R"; onTriggered: commands.session.regenerate() },
        Action { text: qsTr("Continue the answer"); shortcut: "Alt+Return"; onTriggered: commands.session.continueAnswer() },
        Action { text: qsTr("Copy the last answer"); shortcut: "Ctrl+Shift+C"; onTriggered: commands.session.copyLastAnswer() },
        Action { text: qsTr("Open a model folder"); shortcut: "Ctrl+O"; onTriggered: commands.chooseFolder() },
        Action { text: qsTr("Choose a model"); shortcut: "Ctrl+L"; onTriggered: commands.chooseModel() },
        Action { text: qsTr("Settings of the chat"); shortcut: "Ctrl+,"; onTriggered: commands.toggleSettings() },
        Action { text: qsTr("Show or hide the side bar"); shortcut: "Ctrl+B"; onTriggered: commands.toggleSideBar() },
        Action { text: qsTr("List of shortcuts"); shortcut: "Ctrl+/"; onTriggered: commands.showShortcuts() },
        Action { text: qsTr("Quit"); shortcut: "Ctrl+Q"; onTriggered: Qt.quit() }
    ]
}
