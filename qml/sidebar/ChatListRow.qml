import QtQuick
import QtQuick.Controls
import Quern.App
import Quern.Ui

// A past chat in the side bar.
// Qt 6.4 makes no bound component in a Loader, so what its components reach looks unqualified.
// qmllint disable unqualified
Item {
    id: row

    required property ChatSession session
    required property string chatId
    required property string title
    property bool renaming: false
    property bool focused: false

    signal opened()
    signal renameRequested()
    signal renameEnded()

    readonly property bool current: session.current.chatId === chatId
    readonly property bool answering: session.run.isActive && session.run.conversation?.chatId === chatId

    height: 34
    Accessible.role: Accessible.ListItem
    Accessible.name: title
    Accessible.selected: current

    HoverHandler { id: hover }
    TapHandler { onTapped: row.opened() }
    TapHandler {
        acceptedButtons: Qt.RightButton
        onTapped: menu.active ? (menu.item as Menu).popup() : (menu.active = true)
    }

    Rectangle {
        anchors.fill: parent
        anchors.leftMargin: Spacing.small
        anchors.rightMargin: Spacing.small
        anchors.topMargin: 1
        anchors.bottomMargin: 1
        radius: Spacing.radius
        color: row.current ? Colors.pressed : hover.hovered ? Colors.hover : "transparent"

        FocusRing {
            anchors.margins: 0
            radius: Spacing.radius
            visible: row.focused
        }

        Label {
            anchors.verticalCenter: parent.verticalCenter
            x: Spacing.small
            width: parent.width - x - (actions.visible ? actions.width : dot.visible ? 20 : Spacing.small)
            visible: !row.renaming
            text: row.title
            textFormat: Text.PlainText
            elide: Text.ElideRight
            color: Colors.text
            font.pixelSize: 13
        }

        Rectangle {
            id: dot

            anchors.right: parent.right
            anchors.rightMargin: Spacing.small
            anchors.verticalCenter: parent.verticalCenter
            width: 6
            height: 6
            radius: 3
            color: Colors.accent
            visible: row.answering && !actions.visible
        }

        Row {
            id: actions

            anchors.right: parent.right
            anchors.verticalCenter: parent.verticalCenter
            visible: hover.hovered && !row.renaming

            IconButton {
                size: 28
                symbol: "edit"
                text: qsTr("Rename")
                shortcut: "F2"
                focusPolicy: Qt.NoFocus
                onClicked: row.renameRequested()
            }

            IconButton {
                objectName: "deleteChat"
                size: 28
                symbol: "trash"
                text: qsTr("Delete")
                shortcut: "Del"
                focusPolicy: Qt.NoFocus
                onClicked: row.session.remove(row.chatId)
            }
        }

        Loader {
            anchors.fill: parent
            active: row.renaming
            sourceComponent: TextBox {
                objectName: "renameField"
                implicitHeight: parent ? parent.height : 0
                font.pixelSize: 13
                text: row.title
                maximumLength: 200
                Accessible.name: qsTr("New name of the chat")
                Component.onCompleted: {
                    forceActiveFocus();
                    selectAll();
                }
                onAccepted: {
                    row.session.rename(row.chatId, text);
                    row.renameEnded();
                }
                onActiveFocusChanged: if (!activeFocus && row.renaming) row.renameEnded()
                Keys.onEscapePressed: row.renameEnded()
            }
        }
    }

    Loader {
        id: menu

        active: false
        onLoaded: (item as Menu).popup()
        sourceComponent: Menu {
            MenuItem {
                text: qsTr("Rename	F2")
                onTriggered: row.renameRequested()
            }
            MenuItem {
                text: qsTr("Delete	Del")
                onTriggered: row.session.remove(row.chatId)
            }
        }
    }
}
