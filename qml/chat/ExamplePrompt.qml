import QtQuick
import QtQuick.Controls
import QtQuick.Layouts
import Quern.Ui

// A message that one could begin with; choosing it writes it into the input field.
AbstractButton {
    id: example

    required property string title

    Layout.fillWidth: true
    Layout.preferredWidth: 1
    implicitHeight: 76
    padding: Spacing.medium
    focusPolicy: Qt.StrongFocus
    Accessible.name: text

    background: Rectangle {
        radius: Spacing.medium
        color: example.down ? Colors.pressed : example.hovered ? Colors.hover : "transparent"
        border.width: 1
        border.color: Colors.border

        FocusRing { visible: example.visualFocus; radius: Spacing.medium + 2 }
    }

    contentItem: Column {
        spacing: Spacing.tiny

        Label {
            width: parent.width
            text: example.title
            color: Colors.text
            font.pixelSize: 13
            font.weight: Font.DemiBold
        }

        Label {
            width: parent.width
            text: example.text
            wrapMode: Text.Wrap
            maximumLineCount: 2
            elide: Text.ElideRight
            color: Colors.mutedText
            font.pixelSize: 13
        }
    }
}
