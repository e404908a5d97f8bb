import QtQuick
import QtQuick.Controls
import Quern.App
import Quern.Ui

// The window: side bar, page, and the sheet of settings beside the page or, where it is narrow, over it.
// Qt 6.4 makes no bound component in a Loader, so what its components reach looks unqualified.
// qmllint disable unqualified
ApplicationWindow {
    id: window

    required property ChatSession session
    required property RecentModels recentModels
    required property Appearance appearance

    readonly property bool narrow: width < Spacing.narrow
    property bool sideBarShown: !narrow
    property bool settingsShown: false

    width: 1180
    height: 780
    minimumWidth: 420
    minimumHeight: 400
    visible: true
    title: session.current.messages.messageCount > 0 ? session.current.title + " – Quern" : "Quern"
    color: Colors.page

    onNarrowChanged: sideBarShown = !narrow
    Component.onCompleted: page.write()

    Binding {
        target: Colors
        property: "dark"
        value: window.appearance.isDark
    }

    palette {
        window: Colors.page
        windowText: Colors.text
        base: Colors.raised
        alternateBase: Colors.surface
        text: Colors.text
        button: Colors.surface
        buttonText: Colors.text
        brightText: Colors.text
        highlight: Colors.accent
        highlightedText: Colors.accentText
        placeholderText: Colors.mutedText
        link: Colors.link
        light: Colors.raised
        midlight: Colors.surface
        mid: Colors.border
        dark: Colors.border
        shadow: Colors.border
        toolTipBase: Colors.text
        toolTipText: Colors.page
    }

    Commands {
        id: commands

        session: window.session
        onToggleSideBar: window.sideBarShown = !window.sideBarShown
        onToggleSettings: window.toggleSettings()
        onSearch: {
            window.sideBarShown = true;
            sideBar.search();
        }
        onRenameChat: {
            window.sideBarShown = true;
            sideBar.renameCurrent();
        }
        onWriteMessage: page.write()
        onChooseFolder: window.chooseFolder()
        onChooseModel: page.chooseModel()
        onShowShortcuts: shortcuts.active = true
    }

    function toggleSettings() {
        settingsShown = !settingsShown;
        if (settingsShown)
            (sheet.item as SettingsSheet).take();
        else
            page.write();
    }

    function chooseFolder() {
        folderDialog.active = true;
        (folderDialog.item as ModelFolderDialog).open();
    }

    ChatPage {
        id: page

        anchors.top: parent.top
        anchors.bottom: parent.bottom
        anchors.left: parent.left
        anchors.right: parent.right
        anchors.leftMargin: sideBar.visible && !window.narrow ? sideBar.width : 0
        anchors.rightMargin: sheet.visible && window.width >= Spacing.wide ? sheet.width : 0
        session: window.session
        recentModels: window.recentModels
        sideBarShown: window.sideBarShown
        settingsShown: window.settingsShown
        onToggleSideBar: window.sideBarShown = true
        onToggleSettings: window.toggleSettings()
        onChooseFolder: window.chooseFolder()
    }

    // Where the window is narrow, what lies over the page is put away by a click beside it.
    Rectangle {
        anchors.fill: parent
        visible: (window.narrow && window.sideBarShown) || (sheet.visible && window.width < Spacing.wide)
        color: "#60000000"

        TapHandler {
            onTapped: {
                window.settingsShown = false;
                window.sideBarShown = !window.narrow;
            }
        }
    }

    SideBar {
        id: sideBar

        width: Spacing.sideBar
        height: parent.height
        visible: window.sideBarShown
        session: window.session
        appearance: window.appearance
        pages: [{ title: qsTr("Chat"), symbol: "chat", shortcut: "Ctrl+1" }]
        onHideRequested: window.sideBarShown = false
        onNewChatRequested: {
            window.session.newChat();
            window.sideBarShown = !window.narrow;
            page.write();
        }
        onChatOpened: window.sideBarShown = !window.narrow
        onShortcutsRequested: shortcuts.active = true
    }

    Loader {
        id: sheet

        anchors.right: parent.right
        width: Math.min(Spacing.sheet, parent.width - Spacing.vast)
        height: parent.height
        active: window.settingsShown || item !== null
        visible: window.settingsShown
        sourceComponent: SettingsSheet {
            settings: window.session.current.settings
            onClosed: window.toggleSettings()
        }
    }

    UndoToast {
        anchors.horizontalCenter: page.horizontalCenter
        anchors.bottom: parent.bottom
        anchors.bottomMargin: 112
        stack: window.session.undoStack
    }

    Loader {
        id: folderDialog

        active: false
        sourceComponent: ModelFolderDialog {
            onFolderChosen: folder => window.session.model.loadUrl(folder)
        }
    }

    Loader {
        id: shortcuts

        active: false
        sourceComponent: ShortcutDialog {
            source: commands
            visible: true
            onClosed: shortcuts.active = false
        }
    }
}
