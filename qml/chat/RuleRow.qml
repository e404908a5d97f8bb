import QtQuick
import Quern.Ui

// A line across.
ReadingColumn {
    space: Spacing.large

    Rectangle {
        width: parent.width
        height: 1
        color: Colors.border
    }
}
