import QtQuick
import QtQuick.Controls
import Quern.Ui

// A tooltip: what a control does and its shortcut.
ToolTip {
    id: tip

    property string shortcut

    delay: 500
    padding: Spacing.small
    contentItem: Text {
        text: tip.shortcut ? qsTr("%1  %2").arg(tip.text).arg(tip.shortcut) : tip.text
        font.pixelSize: Fonts.small
        color: Colors.page
        wrapMode: Text.Wrap
    }
    background: Rectangle {
        color: Colors.text
        radius: 6
    }
}
