import QtQuick
import QtQuick.Controls
import Quern.Ui

// A field for several lines of text: it grows with them up to `tallest`, then scrolls.
ScrollView {
    id: panel

    property alias area: area
    property alias text: area.text
    property alias placeholder: area.placeholderText
    property int tallest: 200
    property bool framed: true
    property string name: ""

    implicitHeight: Math.min(tallest, area.implicitHeight)
    contentWidth: availableWidth

    TextArea {
        id: area

        wrapMode: TextArea.Wrap
        textFormat: TextEdit.PlainText
        padding: Spacing.small + 2
        font.pixelSize: Fonts.body
        color: Colors.text
        placeholderTextColor: Colors.mutedText
        selectionColor: Colors.selection
        selectedTextColor: Colors.text
        selectByMouse: true
        persistentSelection: true
        Keys.onTabPressed: nextItemInFocusChain(true).forceActiveFocus(Qt.TabFocusReason)
        Keys.onBacktabPressed: nextItemInFocusChain(false).forceActiveFocus(Qt.BacktabFocusReason)
        Accessible.name: panel.name || placeholderText
        background: null
    }

    background: Rectangle {
        visible: panel.framed
        radius: Spacing.radius
        color: Colors.raised
        border.width: area.activeFocus ? 2 : 1
        border.color: area.activeFocus ? Colors.accent : Colors.border
    }
}
