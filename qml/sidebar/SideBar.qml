pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Controls
import QtQuick.Layouts
import Quern.App
import Quern.Ui

// The left edge: the program's pages, the past chats, and how the program looks.
Rectangle {
    id: bar

    required property ChatSession session
    required property Appearance appearance
    required property var pages         // rows {title, symbol, shortcut}
    property int page: 0

    signal hideRequested()
    signal newChatRequested()
    signal shortcutsRequested()
    signal chatOpened()

    function search() { filter.forceActiveFocus(); }
    function renameCurrent() { list.renameCurrent(); }

    color: Colors.sideBar
    Accessible.role: Accessible.Pane
    Accessible.name: qsTr("Side bar")

    Rectangle {
        anchors.right: parent.right
        width: 1
        height: parent.height
        color: Colors.border
    }

    ColumnLayout {
        anchors.fill: parent
        anchors.rightMargin: 1
        spacing: 0

        RowLayout {
            Layout.fillWidth: true
            Layout.preferredHeight: Spacing.header
            Layout.leftMargin: Spacing.large
            Layout.rightMargin: Spacing.small
            spacing: Spacing.small

            IconLabel {
                symbol: "mill"
                size: 20
                ink: Colors.accent
            }

            Label {
                Layout.fillWidth: true
                text: "Quern"
                color: Colors.text
                font.pixelSize: Fonts.title
                font.weight: Font.DemiBold
            }

            IconButton {
                symbol: "sidebar"
                text: qsTr("Hide the side bar")
                shortcut: "Ctrl+B"
                onClicked: bar.hideRequested()
            }
        }

        Repeater {
            model: bar.pages

            PageButton {
                required property var modelData
                required property int index

                Layout.fillWidth: true
                Layout.leftMargin: Spacing.small
                Layout.rightMargin: Spacing.small
                text: modelData.title
                symbol: modelData.symbol
                shortcut: modelData.shortcut
                checked: bar.page === index
                visible: bar.pages.length > 1
                onClicked: bar.page = index
            }
        }

        TextButton {
            objectName: "newChat"
            Layout.fillWidth: true
            Layout.margins: Spacing.small
            symbol: "plus"
            text: qsTr("New chat")
            shortcut: "Ctrl+N"
            onClicked: bar.newChatRequested()
        }

        TextBox {
            id: filter

            objectName: "chatFilter"
            Layout.fillWidth: true
            Layout.leftMargin: Spacing.small
            Layout.rightMargin: Spacing.small
            visible: bar.session.chats.total > 0
            placeholderText: qsTr("Search chats")
            Accessible.name: qsTr("Search chats")
            Accessible.description: "Ctrl+K"
            onTextChanged: bar.session.chats.filter = text
            Keys.onDownPressed: list.forceActiveFocus()
            Keys.onEscapePressed: clear()
        }

        ChatList {
            id: list

            objectName: "chatList"
            Layout.fillWidth: true
            Layout.fillHeight: true
            Layout.topMargin: Spacing.small
            session: bar.session
            onOpened: bar.chatOpened()
        }

        RowLayout {
            Layout.fillWidth: true
            Layout.margins: Spacing.small
            spacing: Spacing.tiny

            AppearanceSwitch {
                appearance: bar.appearance
            }

            Item { Layout.fillWidth: true }

            IconButton {
                symbol: "keyboard"
                text: qsTr("List of shortcuts")
                shortcut: "Ctrl+/"
                onClicked: bar.shortcutsRequested()
            }
        }
    }
}
