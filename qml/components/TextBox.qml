import QtQuick
import QtQuick.Controls
import Quern.Ui

// A field for one line of text.
TextField {
    id: field

    property bool wrong: false

    implicitHeight: Spacing.control
    leftPadding: Spacing.small + 2
    rightPadding: Spacing.small + 2
    topPadding: 0
    bottomPadding: 0
    verticalAlignment: TextInput.AlignVCenter
    font.pixelSize: Fonts.body
    color: Colors.text
    placeholderTextColor: Colors.mutedText
    selectionColor: Colors.selection
    selectedTextColor: Colors.text
    selectByMouse: true

    background: Rectangle {
        radius: Spacing.radius
        color: Colors.raised
        border.width: field.activeFocus ? 2 : 1
        border.color: field.wrong ? Colors.danger : field.activeFocus ? Colors.accent : Colors.border
    }
}
