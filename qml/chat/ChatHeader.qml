import QtQuick
import QtQuick.Controls
import QtQuick.Layouts
import Quern.App
import Quern.Ui

// The top of the chat page: the model on the left, the chat's title, its settings on the right.
Item {
    id: header

    required property ChatSession session
    required property RecentModels recentModels
    required property bool sideBarShown
    required property bool settingsShown

    signal toggleSideBar()
    signal toggleSettings()
    signal chooseFolder()

    function chooseModel() { modelButton.open(); }

    implicitHeight: Spacing.header

    RowLayout {
        anchors.fill: parent
        anchors.leftMargin: Spacing.medium
        anchors.rightMargin: Spacing.medium
        spacing: Spacing.small

        IconButton {
            visible: !header.sideBarShown
            symbol: "sidebar"
            text: qsTr("Show the side bar")
            shortcut: "Ctrl+B"
            onClicked: header.toggleSideBar()
        }

        IconButton {
            visible: !header.sideBarShown
            symbol: "plus"
            text: qsTr("New chat")
            shortcut: "Ctrl+N"
            onClicked: header.session.newChat()
        }

        ModelButton {
            id: modelButton

            objectName: "modelButton"
            Layout.maximumWidth: header.width * 0.45
            slot: header.session.model
            recentModels: header.recentModels
            onChooseFolder: header.chooseFolder()
        }

        Label {
            Layout.fillWidth: true
            horizontalAlignment: Text.AlignRight
            text: header.session.current.messages.messageCount > 0 ? header.session.current.title : ""
            elide: Text.ElideRight
            color: Colors.mutedText
            font.pixelSize: 13
        }

        IconButton {
            objectName: "settingsButton"
            symbol: "sliders"
            checkable: true
            checked: header.settingsShown
            text: qsTr("Settings of this chat")
            shortcut: "Ctrl+,"
            onClicked: header.toggleSettings()
        }
    }
}
