import QtQuick
import Quern.Ui

// The mark of the control that has the keyboard's focus.
Rectangle {
    anchors.fill: parent
    anchors.margins: -2
    color: "transparent"
    radius: Spacing.radius + 2
    border.width: 2
    border.color: Colors.accent
}
