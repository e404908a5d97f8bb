import QtQuick
import QtTest
import Quern.App

WindowCase {
    name: "SideBar"

    function test_newChatByKey() {
        ask("First");
        keyClick(Qt.Key_N, Qt.ControlModifier);
        compare(bench.messageCount(), 0);
        verify(find("messageInput").activeFocus);
        ask("Second");
        compare(find("chatList").count, 2);
    }

    function test_openByKeys() {
        ask("First");
        keyClick(Qt.Key_N, Qt.ControlModifier);
        ask("Second");
        const list = find("chatList");
        list.forceActiveFocus();
        keyClick(Qt.Key_Down);
        keyClick(Qt.Key_Return);
        tryCompare(bench.session.current, "title", "First");
        keyClick(Qt.Key_PageUp, Qt.ControlModifier);
        compare(bench.session.current.title, "Second");
    }

    function test_renameByKey() {
        ask("First");
        keyClick(Qt.Key_F2);
        const field = find("renameField");
        verify(field.activeFocus);
        type("Bread");
        keyClick(Qt.Key_Return);
        compare(bench.session.current.title, "Bread");
        compare(window.title, "Bread – Quern");
        verify(!findChild(window.contentItem, "renameField"));
    }

    function test_renameCanBeLeft() {
        ask("First");
        keyClick(Qt.Key_F2);
        type("Bread");
        keyClick(Qt.Key_Escape);
        compare(bench.session.current.title, "First");
    }

    function test_deleteByKeyAndUndo() {
        ask("First");
        keyClick(Qt.Key_N, Qt.ControlModifier);
        ask("Second");
        const list = find("chatList");
        list.forceActiveFocus();
        keyClick(Qt.Key_Delete);
        compare(list.count, 1);
        compare(bench.session.current.title, "First");
        keyClick(Qt.Key_Z, Qt.ControlModifier);
        compare(list.count, 2);
        compare(bench.session.current.title, "Second");
        tryCompare(bench.session.current.messages, "messageCount", 2);
    }

    function test_search() {
        ask("Apples");
        keyClick(Qt.Key_N, Qt.ControlModifier);
        ask("Pears");
        keyClick(Qt.Key_K, Qt.ControlModifier);
        type("app");
        compare(find("chatList").count, 1);
        keyClick(Qt.Key_Escape);
        compare(find("chatList").count, 2);
    }

    function test_hideAndShow() {
        keyClick(Qt.Key_B, Qt.ControlModifier);
        verify(!window.sideBarShown);
        keyClick(Qt.Key_B, Qt.ControlModifier);
        verify(window.sideBarShown);
        window.width = 500;
        tryCompare(window, "sideBarShown", false);
    }

    function test_darkAndLight() {
        mouseClick(find("scheme" + Appearance.Dark));
        verify(bench.appearance.isDark);
        verify(window.color.hslLightness < 0.3);
        verify(window.palette.windowText.hslLightness > 0.7);
        mouseClick(find("scheme" + Appearance.Light));
        verify(window.color.hslLightness > 0.7);
    }

    function test_recentModels() {
        keyClick(Qt.Key_L, Qt.ControlModifier);
        const list = find("modelButton").recentModels;
        compare(list.count, 1);
        list.forget("/models/tiny");
        compare(list.count, 0);
    }

    function test_listOfShortcuts() {
        keyClick(Qt.Key_Slash, Qt.ControlModifier);
        tryVerify(() => window.activeFocusItem !== find("messageInput"));
        keyClick(Qt.Key_Escape);
        tryVerify(() => find("messageInput").activeFocus);
    }

    function test_chooseAModelByKeys() {
        keyClick(Qt.Key_L, Qt.ControlModifier);
        tryVerify(() => window.activeFocusItem.folder !== undefined || window.activeFocusItem.objectName === "recentModels");
        keyClick(Qt.Key_Escape);
        tryVerify(() => find("messageInput").activeFocus);
    }
}
