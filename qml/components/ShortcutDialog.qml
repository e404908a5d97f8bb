import QtQuick
import QtQuick.Controls
import Quern.Ui

// Every command and its keys.
// Qt 6.4 makes no bound component for a header or footer, so what they reach looks unqualified.
// qmllint disable unqualified
Popup {
    id: dialog

    required property Commands source

    readonly property var further: [
        { text: qsTr("Send the message"), shortcut: "Enter" },
        { text: qsTr("Begin a new line"), shortcut: "Shift+Enter" },
        { text: qsTr("Edit the last message, in an empty field"), shortcut: "Up" },
        { text: qsTr("Delete the chat, in the list"), shortcut: "Del" }
    ]

    parent: Overlay.overlay
    anchors.centerIn: parent
    width: 420
    height: Math.min(parent.height - 2 * Spacing.huge, implicitContentHeight + 2 * Spacing.huge)
    padding: Spacing.huge
    modal: true
    focus: true

    background: Rectangle {
        radius: Spacing.large
        color: Colors.raised
        border.width: 1
        border.color: Colors.border
    }

    contentItem: ListView {
        implicitHeight: contentHeight
        clip: true
        focus: true
        boundsBehavior: Flickable.StopAtBounds
        model: dialog.source.all
        Accessible.role: Accessible.List
        Accessible.name: qsTr("Shortcuts")
        Keys.onUpPressed: flick(0, 600)
        Keys.onDownPressed: flick(0, -600)

        header: Label {
            text: qsTr("Shortcuts")
            bottomPadding: Spacing.medium
            color: Colors.text
            font.pixelSize: Fonts.title
            font.weight: Font.DemiBold
        }

        delegate: ShortcutRow {
            required property Action modelData

            width: ListView.view.width
            text: modelData.text
            shortcut: modelData.shortcut
        }

        footer: Column {
            width: ListView.view.width

            Repeater {
                model: dialog.further

                ShortcutRow {
                    required property var modelData

                    width: parent.width
                    text: modelData.text
                    shortcut: modelData.shortcut
                }
            }
        }
    }
}
