import QtQuick
import QtQuick.Controls
import Quern.Ui

// A command and its keys.
Item {
    id: row

    required property string text
    required property string shortcut

    height: 30
    Accessible.role: Accessible.ListItem
    Accessible.name: text + ": " + shortcut

    Label {
        anchors.verticalCenter: parent.verticalCenter
        text: row.text
        color: Colors.text
        font.pixelSize: 13
    }

    Label {
        anchors.right: parent.right
        anchors.verticalCenter: parent.verticalCenter
        leftPadding: 6
        rightPadding: 6
        text: row.shortcut
        color: Colors.mutedText
        font.pixelSize: Fonts.small
        font.family: Fonts.code
        background: Rectangle {
            radius: 4
            color: Colors.surface
        }
    }
}
