import QtQuick
import Quern.Ui

// Text of a message that can be selected: rich text, or plain when `textFormat` says so.
TextEdit {
    id: passage

    required property string plain

    readOnly: true
    selectByMouse: true
    wrapMode: TextEdit.Wrap
    textFormat: TextEdit.RichText
    color: Colors.text
    selectionColor: Colors.selection
    selectedTextColor: Colors.text
    font.pixelSize: Fonts.reading

    Accessible.role: Accessible.StaticText
    Accessible.name: plain

    onLinkActivated: link => Qt.openUrlExternally(link)
    onActiveFocusChanged: if (!activeFocus) deselect()

    HoverHandler {
        cursorShape: passage.hoveredLink ? Qt.PointingHandCursor : Qt.IBeamCursor
    }

    ContextMenu {
        edit: passage
    }
}
