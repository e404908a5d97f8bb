import QtQuick
import QtQuick.Controls
import Qt.labs.qmlmodels
import Quern.App
import Quern.Ui

// The conversation. It stays at its end while an answer grows, unless the reader has scrolled away from there.
// Qt 6.4 makes no bound component in a DelegateChooser, and does not know callLater for a function.
// qmllint disable unqualified
// qmllint disable type
ListView {
    id: list

    required property ChatSession session

    property bool atEnd: true

    function toEnd() {
        atEnd = true;
        positionViewAtEnd();
    }

    // One step by keyboard: a part of the page, or to the first and last line.
    function scroll(distance: real) {
        const lowest = originY + Math.max(0, contentHeight - height);
        contentY = Math.max(originY, Math.min(lowest, contentY + distance));
        atEnd = contentY >= lowest - 1;
    }

    function noteEnd() {
        atEnd = contentY + height >= originY + contentHeight - Spacing.vast;
    }

    model: session.current.messages
    boundsBehavior: Flickable.StopAtBounds
    cacheBuffer: 1200
    footer: Item { height: Spacing.huge }
    clip: true
    activeFocusOnTab: true
    pixelAligned: true

    Accessible.role: Accessible.List
    Accessible.name: qsTr("Conversation")

    Keys.onUpPressed: scroll(-60)
    Keys.onDownPressed: scroll(60)
    Keys.onPressed: event => {
        const page = height - Spacing.vast;
        const steps = {
            [Qt.Key_PageUp]: -page, [Qt.Key_PageDown]: page,
            [Qt.Key_Home]: -contentHeight, [Qt.Key_End]: contentHeight
        };
        event.accepted = event.key in steps;
        if (event.accepted)
            scroll(steps[event.key]);
    }

    onContentYChanged: if (moving || bar.pressed) noteEnd()
    onMovementEnded: noteEnd()
    onContentHeightChanged: if (atEnd) Qt.callLater(list.positionViewAtEnd)
    onHeightChanged: if (atEnd) Qt.callLater(list.positionViewAtEnd)
    onModelChanged: Qt.callLater(list.toEnd)

    Connections {
        target: list.session

        function onSent() { Qt.callLater(list.toEnd); }
    }

    ScrollBar.vertical: ScrollBar {
        id: bar

        policy: list.contentHeight > list.height ? ScrollBar.AlwaysOn : ScrollBar.AlwaysOff
    }

    delegate: DelegateChooser {
        role: "kind"

        DelegateChoice { roleValue: "user"; UserRow { view: list; session: list.session } }
        DelegateChoice { roleValue: "reasoning"; ReasoningRow { view: list } }
        DelegateChoice { roleValue: "text"; TextRow { view: list } }
        DelegateChoice { roleValue: "heading"; TextRow { view: list } }
        DelegateChoice { roleValue: "code"; CodeRow { view: list; session: list.session } }
        DelegateChoice { roleValue: "table"; TableRow { view: list } }
        DelegateChoice { roleValue: "rule"; RuleRow { view: list } }
        DelegateChoice { roleValue: "footer"; FooterRow { view: list; session: list.session } }
    }

    FocusRing {
        anchors.margins: 1
        radius: 4
        visible: list.activeFocus
    }
}
