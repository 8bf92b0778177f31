"""Made-up values for every component, used by the tests that draw them and by the pictures."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from types import SimpleNamespace
from zoneinfo import ZoneInfo

from django import forms

from csi_portal.organization.due import due_view

NOW = datetime(2026, 11, 21, 6, 20, tzinfo=UTC)  # Saturday 14:20 in China
SHANGHAI = ZoneInfo("Asia/Shanghai")


def view(minutes_left: int, *, share: float = 0.25, met: int | None = None, closes: int | None = None):
    """A deadline so many minutes away; `met` and `closes` are minutes from now as well."""
    due_at = NOW + timedelta(minutes=minutes_left)
    return due_view(
        warn_at=due_at - timedelta(minutes=240 * share),
        due_at=due_at,
        met_at=None if met is None else NOW + timedelta(minutes=met),
        now=NOW,
        tz=SHANGHAI,
        closes_at=None if closes is None else NOW + timedelta(minutes=closes),
        clock="elapsed",
    )


class SampleForm(forms.Form):
    phone = forms.CharField(label="手机号")
    reason = forms.CharField(label="原因", help_text="提出时间早于现在时必填", required=False, widget=forms.Textarea)
    level = forms.ChoiceField(
        label="级别", choices=[("grumble", "抱怨"), ("general", "一般投诉")], widget=forms.RadioSelect
    )
    source = forms.ChoiceField(label="来源", choices=[("in_person", "当面"), ("hotline", "热线")])
    agreed = forms.BooleanField(label="客户同意", required=False)

    def clean_phone(self):
        raise forms.ValidationError("手机号少 4 位，请补全")


class SampleFilter(forms.Form):
    level = forms.ChoiceField(
        choices=[("", "全部级别")], required=False, widget=forms.Select(attrs={"class": "form-select form-sm"})
    )
    q = forms.CharField(
        required=False, widget=forms.TextInput(attrs={"class": "form-control form-sm", "type": "search"})
    )


def person(key: int, name: str, sub: str = "") -> dict:
    return {"id": key, "name": name, "sub": sub}


def frame() -> dict:
    """A frame as the context processor gives it (docs/components.md)."""

    def place(icon, label, count=0, overdue=False, active=False):
        return {"url": "/x/", "icon": icon, "label": label, "count": count, "overdue": overdue, "active": active}

    today = place("sun", "今日待办", 6, True, True)
    complaints, board = place("chat-square-text", "客诉", 7), place("bar-chart", "满意度成绩")
    me = place("person", "我的")
    store = SimpleNamespace(pk=1, name="示例一店")
    return {
        "places": [
            [today, complaints, place("life-preserver", "用车协助单", 2)],
            [board, place("graph-up", "分析"), place("people", "会议"), place("clipboard-check", "改进计划", 2)],
            [place("megaphone", "奖惩公示"), me],
        ],
        "bottom": [today, complaints, board, me],
        "store": store,
        "stores": [store, SimpleNamespace(pk=2, name="示例二店")],
        "person": {"name": "例建国", "position": "售后经理", "initial": "国", "tint": 0},
        "unread": 3,
        "sweep": None,
        "demo": False,
        "language": "zh-hans",
    }


def work() -> list[dict]:
    vehicle = SimpleNamespace(plate="测A00001", model="示例 E7")
    rows = (
        (-35, "general", "“换完刹车片第二天又响，今天必须有人给我说清楚。”", True),
        (28, "grumble", "“约的九点，等到十点半才进车间，没人来说一声。”", False),
        (3060, "major", "总经理已批示：先安排代步车，今晚前与客户谈定方案", False),
    )
    return [
        {
            "due": view(left),
            "verb": "首次联系",
            "url": "/x/",
            "level": level,
            "number": "DEMO1-20261121-001",
            "customer": "测试甲 先生",
            "car": vehicle,
            "text": text,
            "actions": [
                {"url": "/x/", "label": "拨打客户", "icon": "telephone", "primary": primary},
                {"url": "/x/", "label": "记录联系", "post": True},
            ],
        }
        for left, level, text, primary in rows
    ]


def context() -> dict:
    """Every variable the gallery page uses."""
    form = SampleForm({"phone": "199 0000", "level": "grumble", "source": "hotline"})
    form.is_valid()
    minute = timedelta(minutes=1)
    return {
        "dues": [
            view(72),
            view(28),
            view(19 * 60 + 10, share=5, closes=240),
            view(-35),
            view(-10, met=-15),
            view(-60, met=-54),
            view(2 * 24 * 60 + 190),
        ],
        "why": ["客户 11-20 15:05 提出，一般投诉 24 小时内达成方案。", "制度第 3 版"],
        "statuses": [
            ("已登记", ""),
            ("待达成方案", "live"),
            ("已结案", "done"),
            ("待确认", "warn"),
            ("已升级至总经理", "harm"),
            ("已作废", "void"),
        ],
        "people": [person(0, "例建国", "售后经理"), person(3, "例小马", "机电班组"), "Li Dahai", None],
        "vehicle": SimpleNamespace(plate="测A00002", model="示例 S5"),
        "value": Fraction(4659, 50),
        "down": Fraction(-43, 50),
        "up": Decimal("1.2"),
        "points": [91, 93, None, 90, 94.2, 95.5],
        "plus": Decimal("1150"),
        "minus": Decimal("-200"),
        "statements": ["10 月不再入账，迟来的记入 11 月", "锁定后不能解锁，更正用冲销"],
        "form": form,
        "filter_form": SampleFilter(),
        "near": NOW - 12 * minute,
        "saved": [
            {"url": "/x/", "label": "超时未办", "count": 3, "active": True},
            {"url": "/x/", "label": "我部门的", "count": None},
        ],
        "segments": [{"url": "/x/", "label": "周", "active": True}, {"url": "/x/", "label": "月"}],
        "tabs": [
            {"url": "/x/", "label": "售后 CSI", "active": True, "count": None},
            {"url": "/x/", "label": "销售 SSI", "count": 2},
        ],
        "drop_errors": ["这不是表格文件"],
        "work": work(),
        "figures": [
            {"caption": "本周部门成绩 CSI", "value": "93.18", "n": 46, "note": "目标 95", "url": "/x/"},
            {"caption": "首次联系按时", "value": 11, "of": 12, "note": "91.7%", "url": "/x/"},
            {"caption": "本周客诉", "value": 12, "note": "抱怨 8 · 一般 3 · 重大 1"},
            {"caption": "销售 SSI", "value": "", "few": True, "n": 3},
        ],
        "steps": [
            {"state": "done", "name": "转交部门", "due": view(-10, met=-20), "meta": "例小林"},
            {"state": "late", "name": "首次联系", "due": view(-60, met=-40), "meta": "例建国 · 晚 20 分"},
            {"state": "warn", "name": "达成方案", "due": view(45), "meta": "例建国"},
            {"state": "todo", "name": "满意度回访", "due": view(1485), "meta": "客服部"},
            {"state": "todo", "name": "总经理批示", "when": "回访满意后 24 小时内", "meta": "例大海"},
        ],
        "columns": [
            {"label": "部门与人员", "url": "?o=name", "sorted": "asc"},
            {"label": "成绩", "num": True, "url": "?o=score"},
            {"label": "较上周", "num": True},
            {"label": "等级"},
            {"label": "金额", "num": True, "help": "正激励为正，负激励为负"},
        ],
        "rows": [
            (person(1, "例小陈"), Fraction(97, 1), 18, Decimal("1.2"), 3, Decimal(300)),
            (person(2, "例小吴"), Fraction(1799, 20), 15, Decimal("-0.42"), 2, Decimal(-100)),
            (person(3, "例小冯"), Fraction(50), 3, None, None, None),
        ],
        "pager": {"newer_url": "?before=1", "older_url": "?after=2", "note": "50 条"},
        "entries": [
            {"system": True, "tone": "warn", "text": "临期提醒已发给 例建国", "at": NOW - 5 * minute},
            {
                "who": "例小马",
                "tint": 3,
                "sub": "机电班组 · 原因分析",
                "text": "拆检蒸发箱，表面有霉斑。\n前两次只换滤芯。",
                "at": NOW - 340 * minute,
                "files": [{"url": "/x/", "name": "滤芯.jpg", "icon": "image"}],
            },
            {"system": True, "tone": "over", "text": "首次联系超时", "at": NOW - 1300 * minute},
            {"system": True, "text": "登记为一般投诉", "at": NOW - 60 * 24 * 400 * minute},
        ],
        "side": [
            {"name": "部门经理", "value": "例建国"},
            {"name": "维修工单", "value": "RO-DEMO-00231", "url": "/x/"},
        ],
        "pairs": [("诉求", "彻底查清，本次不再收费"), ("类别", "维修质量"), ("附件", "")],
    }
