import QtQuick
import Quern.Ui

// One page of the program in the side bar.
TextButton {
    id: button

    quiet: true
    checkable: true
    Accessible.role: Accessible.PageTab

    background: Rectangle {
        radius: Spacing.radius
        color: button.checked ? Colors.pressed : button.hovered ? Colors.hover : "transparent"

        FocusRing { visible: button.visualFocus }
    }
}
